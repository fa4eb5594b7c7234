<?php
$config['db_dsnw'] = 'sqlite:///RUN/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:PORT';
$config['smtp_host'] = '127.0.0.1:1';
$config['product_name'] = 'Acme Mail';
$config['des_key'] = 'a key of twenty-four byt';
$config['plugins'] = ['http_authentication'];
$config['skin'] = 'elastic';
$config['log_dir'] = 'RUN/logs';
$config['temp_dir'] = 'RUN/temp';
$config['enable_installer'] = false;
$config['language'] = 'en_US';
$config['timezone'] = 'UTC';
$config['mail_domain'] = 'example.com';
