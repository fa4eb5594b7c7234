<?php
error_log($_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI']);
$file = '/usr/share/icingaweb2/public' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($file) && !str_ends_with($file, '.php')) {
    return false;
}
// What Apache says with: SetEnvIf X-Remote-User "(.+)" REMOTE_USER=$1
$_SERVER['REMOTE_USER'] = $_SERVER['HTTP_X_REMOTE_USER'] ?? '';
putenv('REMOTE_USER=' . $_SERVER['REMOTE_USER']);
$_SERVER['SCRIPT_FILENAME'] = '/usr/share/icingaweb2/public/index.php';
require '/usr/share/icingaweb2/public/index.php';
