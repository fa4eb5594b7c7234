package gateway

import "time"

// The file as it is written. Every key that is not here is an error. The texts are the reference and the JSON Schema.
type appsFile struct {
	Apps []appFile `yaml:"apps" need:"1" doc:"Applications behind the gateway."`
}

type appFile struct {
	ID            string       `yaml:"id" need:"1" doc:"Short name, in the trail and as audience of assertions."`
	Host          string       `yaml:"host" doc:"The canonical host, with its port where it is not the usual one: what the application is told in Host, Origin and Referer. Needed, unless hosts has one."`
	Hosts         []string     `yaml:"hosts" doc:"More hosts it answers on. Without host the first of them is canonical."`
	Upstream      string       `yaml:"upstream" doc:"Where it is: http://host:port, https://host:port, or unix:///run/app.sock, nothing else. Needed, unless forward_auth stands here."`
	UpstreamCA    string       `yaml:"upstream_ca_file" doc:"File (PEM) with who vouches for its certificate, instead of those whom the system believes. With https only."`
	UpstreamName  string       `yaml:"upstream_name" doc:"Name in its certificate, where that is another than the host of upstream. With https only."`
	ForwardAuth   bool         `yaml:"forward_auth" doc:"nginx, Caddy, Traefik or Envoy stand before it and ask Stead at server.forward_auth. It has no upstream then; people act in it only where aware says so, on its own host."`
	Timeouts      timeoutsFile `yaml:"timeouts" doc:"How long it may take."`
	Origin        string       `yaml:"origin" enum:"own,shared" doc:"Where people act in it. own: on a host name of each mandate. shared: on its own host, with a guard on every page, where it can bear no other name. Not given: own where server.acting_hosts names a domain, else shared."`
	Identity      identityFile `yaml:"identity" doc:"How it is told who is there, beside X-Stead-*."`
	Realms        []realmFile  `yaml:"realms" doc:"Its parts. Where no realm is, nothing is served."`
	Privileged    []string     `yaml:"privileged" doc:"Groups and attributes whose people nobody acts for. None at all closes acting here."`
	Aware         bool         `yaml:"aware" doc:"It is proven to record the actor: only then is edit mode open."`
	Rights        string       `yaml:"rights" enum:"left-to-app,evaluated" initial:"left-to-app" doc:"Who knows the subject's own rights: the application, or policy."`
	TargetAllows  []string     `yaml:"target_allows" enum:"//,;,%2f" doc:"Oddities its addresses need. Everything else odd is a 400."`
	ScriptCookies []string     `yaml:"script_cookies" doc:"Globs over the names of cookies that its scripts read or write: they pass to the browser while somebody acts. All others stay in the jar of the mandate."`
	Banner        bannerFile   `yaml:"banner" doc:"How its pages say for whom somebody acts."`
	Browser       browserFile  `yaml:"browser" doc:"What an acting browser says of itself."`
	Reaches       []string     `yaml:"reaches" doc:"Other origins, such as https://maps.example.net, that its pages may call, post to and put into frames while somebody acts. Its own hosts always."`
	Whoami        whoamiFile   `yaml:"whoami" doc:"Where its answers say whom it serves. While somebody acts, an answer that names anybody but the subject is not shown, and ends the mandate."`
	Capture       captureFile  `yaml:"capture" doc:"What is recorded beside requests while somebody acts. The bar says so."`
	FirstVisit    string       `yaml:"first_visit" enum:"refuse,warn,allow" initial:"warn" doc:"What becomes of acting for somebody who never signed in here: many applications make an account or a home at first sight."`
	Secrets       []string     `yaml:"secrets" doc:"Regular expressions (RE2) for standing secrets, such as keys of feeds: hidden in bodies while somebody acts. What follows \\K is hidden, or the one group, or all of it."`
	AtEnd         stepsFile    `yaml:"at_end" doc:"What closes the application's own session when the mandate ends: one request, or a list of them, made with the jar of the mandate and recorded under it."`
	Default       string       `yaml:"default" enum:"write,by-method" initial:"write" doc:"What no rule matches. by-method: GET and HEAD are reads, the rest writes; needs because."`
	Because       string       `yaml:"because" doc:"Why by-method is safe here: who looked at what. Needed with default: by-method, and with that alone."`
	Rules         []ruleFile   `yaml:"rules" doc:"What its requests mean: the first that matches decides."`
	Tests         []testFile   `yaml:"tests" doc:"Requests and what they must be. A server does not start while one fails; stead app test runs them."`
}

type timeoutsFile struct {
	Connect time.Duration `yaml:"connect" initial:"10s" doc:"To take a connection, and as long again for TLS."`
	Answer  time.Duration `yaml:"answer" initial:"2m" doc:"Until its answer begins: then 504."`
	Idle    time.Duration `yaml:"idle" doc:"Between two pieces of an answer: then it is broken off. Not given: for ever, for streams are silent for hours."`
}

type identityFile struct {
	toldFile  `yaml:",inline"`
	Assertion string     `yaml:"assertion" doc:"Header that carries the signed assertion (JWT) for applications that read one, beside X-Stead-Assertion."`
	Algorithm string     `yaml:"assertion_alg" enum:"EdDSA,ES256" initial:"EdDSA" doc:"What the assertion is signed with: EdDSA is Ed25519. ES256 where its library cannot verify that."`
	ByMode    byModeFile `yaml:"by_mode" doc:"Other accounts while somebody acts in a mode: replaces header, headers and basic there."`
}

type toldFile struct {
	Header  string            `yaml:"header" doc:"Header that carries the subject's account name."`
	Headers map[string]string `yaml:"headers" doc:"Names of headers and their texts, with {subject.name} and its kin."`
	Basic   basicFile         `yaml:"basic" doc:"Signs in with Basic authentication."`
}

type basicFile struct {
	User     string `yaml:"user" need:"1" doc:"Account, a text as in headers: {subject.name}."`
	Password string `yaml:"password" doc:"Password, a text as in headers: {subject.name}. For applications that take any."`
	File     string `yaml:"password_file" doc:"File with the password, as it is, that only its owner may read: one that the gateway alone knows. In place of password."`
}

type byModeFile struct {
	Edit toldFile `yaml:"edit" doc:"header, headers or basic while somebody edits."`
	Read toldFile `yaml:"read" doc:"The same while somebody only reads."`
}

type realmFile struct {
	ID         string        `yaml:"id" need:"1" doc:"Its name in policies and the trail."`
	Path       string        `yaml:"path" need:"1" doc:"Where it begins; / is the whole application."`
	Kind       string        `yaml:"kind" enum:"communications,subject-only" doc:"communications: third people's messages, closed to actors unless opened by name. subject-only: refuses every actor."`
	Level      int           `yaml:"level" doc:"Protection level that a session needs here."`
	Idle       time.Duration `yaml:"idle" doc:"A session that signed in here ends when nothing was done for so long. Not given: as the house says."`
	Absolute   time.Duration `yaml:"absolute" doc:"It ends after so long, whatever is done. Not given: as the house says."`
	Acting     bool          `yaml:"acting" doc:"Whether anybody may act for another here."`
	ActorLevel int           `yaml:"actor_level" doc:"Protection level that the actor's own session needs."`
}

type bannerFile struct {
	Position string   `yaml:"position" enum:"bottom,top" initial:"bottom" doc:"The edge that the bar is at. It moves to the other one where something of the page's is fixed there and nothing here."`
	CSP      string   `yaml:"csp" enum:"rewrite,frame,header_only" initial:"rewrite" doc:"How it comes to the pages. rewrite: into each page, whose policies let it in. frame: a page of Stead's stands around the application's, whose policies stay as they are; needs a host for each mandate. header_only: the application draws it itself; needs aware."`
	Keys     keysFile `yaml:"keys" doc:"Keys that work on every page, as they lie on a keyboard of the USA."`
}

type captureFile struct {
	Clicks bool `yaml:"clicks" doc:"Clicks on buttons and links, as the browser says: what stands on them and on which page, never what stands in a field."`
}

type keysFile struct {
	End    string `yaml:"end" initial:"Alt+Shift+E" doc:"Ends acting."`
	Extend string `yaml:"extend" initial:"Alt+Shift+X" doc:"Asks for more time."`
}

type browserFile struct {
	Replay []string `yaml:"replay" doc:"What an acting browser repeats of the subject's own last visit: accept-language, or cookie:NAME such as that of a time zone. Else the page is in the actor's language."`
}

type whoamiFile struct {
	In    string `yaml:"in" enum:"html,json" initial:"html" doc:"The answers it stands in."`
	Match string `yaml:"match" need:"1" doc:"Regular expression (RE2) with one group, the name; looked for in the first 64 KiB."`
	Fold  string `yaml:"fold" enum:"lower,upper,first-upper" doc:"How it writes account names."`
}

// A stepsFile is one step, or a list of them.
type stepsFile []stepFile

type stepFile struct {
	Get     string            `yaml:"get" doc:"Path that is asked for. {name} here, in form and in body stands for what an earlier step took. A step has one of get, post and request."`
	Post    string            `yaml:"post" doc:"Path that is posted to."`
	Request string            `yaml:"request" doc:"Method and target, for any other method: DELETE /session."`
	Form    map[string]string `yaml:"form" doc:"Fields that are sent, as a form."`
	Body    string            `yaml:"body" doc:"What is sent instead of a form."`
	Type    string            `yaml:"type" doc:"Media type of body."`
	Take    map[string]string `yaml:"take" doc:"Name to regular expression (RE2) with one group: what later steps need of the answer, such as the token of a form."`
}

type ruleFile struct {
	ID      string            `yaml:"id" need:"1" doc:"Its name in refusals and the trail."`
	Is      string            `yaml:"is" enum:"public,read,mark,export,write,closed,quiet,logout" doc:"The class, below. Needed, unless page stands here."`
	Method  []string          `yaml:"method" doc:"Methods, in capitals; GET stands for HEAD too. Not given: GET for what lets pass, else any."`
	Path    []string          `yaml:"path" doc:"Globs: * is anything within a segment, ** anything at all; /** at the end matches the folder itself too. Not given: any."`
	Only    []string          `yaml:"only" doc:"Globs over names: every parameter must be one of these, or in param."`
	Without []string          `yaml:"without" doc:"Globs over names: none of these may be there. Any other may, if there is no only."`
	Has     []string          `yaml:"has" doc:"Globs over names: one of these must be there."`
	Param   map[string]string `yaml:"param" doc:"Name to regular expression (RE2): it must be there, once, and the whole value must match."`
	Body    []string          `yaml:"body" doc:"Media types of bodies that are no parameters and are not read, such as application/xml of a PROPFIND: only where method and path tell alone what is done. Any other body that is no form and no JSON is a write."`
	Socket  bool              `yaml:"socket" doc:"It is about WebSockets, and about nothing else. With read: what is said over the socket changes nothing, so it may be opened while reading only. A rule that lets pass and does not say socket opens none."`
	Answer  string            `yaml:"answer" doc:"Of quiet: what the gateway answers."`
	Type    string            `yaml:"type" doc:"Of quiet: the media type of that answer."`
	Says    string            `yaml:"says" doc:"For people: what it does."`
	Page    pageFile          `yaml:"page" doc:"No class but a note."`
}

type pageFile struct {
	Header string `yaml:"header" doc:"Response header that holds the title of a page."`
}

type testFile struct {
	Request string            `yaml:"request" need:"1" doc:"Method and target: GET /item/7?id=1."`
	Body    string            `yaml:"body" doc:"Its body."`
	Type    string            `yaml:"type" initial:"application/x-www-form-urlencoded" doc:"Media type of the body."`
	Headers map[string]string `yaml:"headers" doc:"More headers."`
	Is      string            `yaml:"is" enum:"public,read,mark,export,write,closed,quiet,logout" need:"1" doc:"The class it must be."`
	Rule    string            `yaml:"rule" doc:"The rule that must say so; default is none. Not given: any."`
}
