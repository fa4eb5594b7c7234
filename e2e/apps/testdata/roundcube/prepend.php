<?php
putenv('ROUNDCUBE_CONFIG_DIR=RUN/config');
