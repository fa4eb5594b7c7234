# users.auth.php
# <?php exit()?>
dana:$1$steadtst$f1GM2Q0Ish0A2P8ZQywWD/:Dana Reyes:dana@example.com:user
sam:$1$steadtst$f1GM2Q0Ish0A2P8ZQywWD/:Sam Okafor:sam@example.com:user
ada:$1$steadtst$f1GM2Q0Ish0A2P8ZQywWD/:Ada Admin:ada@example.com:user,admin
