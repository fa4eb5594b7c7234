<?php
define('DOKU_CONF', 'RUN/conf/');
