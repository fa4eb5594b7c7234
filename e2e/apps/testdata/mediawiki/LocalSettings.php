<?php
if (!defined('MEDIAWIKI')) {
    exit;
}
require 'RUN/made/LocalSettings.php'; // what the installer wrote
$wgServer = 'http://HOST';
$wgArticlePath = '/index.php/$1';
$wgCacheDirectory = 'RUN/cache';
$wgJobRunRate = 0;
$wgGroupPermissions['*']['read'] = false;
$wgGroupPermissions['*']['edit'] = false;
$wgGroupPermissions['*']['createaccount'] = false;
$wgGroupPermissions['*']['autocreateaccount'] = true;

// Signs in whom X-Remote-User names, and keeps a session cookie of its own from then on.
class RemoteUser extends MediaWiki\Session\CookieSessionProvider {
    public function __construct() {
        parent::__construct(['priority' => 60, 'cookieOptions' => ['prefix' => '']]);
    }
    public function provideSessionInfo(WebRequest $request) {
        $kept = parent::provideSessionInfo($request);
        $name = $request->getHeader('X-Remote-User');
        if (!$name || $kept && $kept->getUserInfo() && !$kept->getUserInfo()->isAnon()) {
            return $kept;
        }
        $user = MediaWiki\Session\UserInfo::newFromName(ucfirst($name), true);
        return new MediaWiki\Session\SessionInfo(60, ['provider' => $this, 'id' => $kept ? $kept->getId() : null, 'userInfo' => $user, 'persisted' => false]);
    }
}
$wgSessionProviders = [['class' => RemoteUser::class]];
