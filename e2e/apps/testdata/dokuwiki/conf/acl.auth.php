# acl.auth.php
# <?php exit()?>
*	@ALL	0
*	@user	8
people:*	@user	0
people:%USER%	%USER%	8
people:%USER%:*	%USER%	8
