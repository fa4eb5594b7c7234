<?php
$conf['title'] = 'Acme Wiki';
$conf['savedir'] = 'RUN/data';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['disableactions'] = 'register,resendpwd';
