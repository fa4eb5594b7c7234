<?php
require '/etc/roundcube/defaults.inc.php';
