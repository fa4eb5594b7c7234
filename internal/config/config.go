package config

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// A Config is everything that can be set.
type Config struct {
	Version       int           `yaml:"version" doc:"Form of this file. There is one: 1."`
	Server        Server        `yaml:"server" doc:"Where Stead listens, and as whom it is known."`
	Store         Store         `yaml:"store" doc:"Where everything is kept."`
	Keys          Keys          `yaml:"keys" doc:"What secrets at rest are sealed with."`
	Directories   []Directory   `yaml:"directories" doc:"Where people are found. A person is named directory/name."`
	Sessions      Sessions      `yaml:"sessions" doc:"Ends of sessions, where no realm says otherwise."`
	Acting        Acting        `yaml:"acting" doc:"Terms of acting for somebody, where no timer says otherwise."`
	Timers        []Timer       `yaml:"timers" doc:"Other terms for an application, a realm, a group, or a combination. The most specific one wins, member by member."`
	Roles         Roles         `yaml:"roles" doc:"Which groups run Stead itself, each written directory/group."`
	Apps          yaml.Node     `yaml:"apps" doc:"Applications behind the gateway: hosts, upstream, realms, rules. Their keys: docs/reference/apps.md."`
	Systems       []System      `yaml:"systems" doc:"Connected systems that agents are given logins to, for their tasks. Waits for a restart."`
	Agents        Agents        `yaml:"agents" doc:"Runs of agents, and who vouches for them."`
	Segments      []Segment     `yaml:"segments" doc:"What lies apart: agents reach their own segment, and where a flow leads. One is enough to keep all agents in theirs: docs/guide/segments.md."`
	Notify        Notify        `yaml:"notify" doc:"Who is told outside of Stead what becomes of requests. Waits for a restart."`
	Resources     []Resource    `yaml:"resources" doc:"Resource servers elsewhere, such as MCP servers, where people let agents act for them."`
	Documents     Documents     `yaml:"client_documents" doc:"Clients that nobody registered, and describe themselves at the address that is their client_id."`
	AuthZEN       AuthZEN       `yaml:"authzen" doc:"Services that ask what others may do (AuthZEN Authorization API 1.0, at /access/v1/)."`
	Policies      Policies      `yaml:"policies" doc:"Files of policy. They only stage: another person than the author applies them."`
	Audit         Audit         `yaml:"audit" doc:"The record."`
	Observability Observability `yaml:"observability" doc:"What watches this server."`

	file    string            // its name; empty: there is none
	text    []byte            // the file, for whoever reads a part of it
	sources map[string]source // where every key stands
}

// Server is where Stead listens.
type Server struct {
	Listen         string   `yaml:"listen" doc:"Address of Stead's own pages and the API."`
	Gateway        string   `yaml:"gateway" doc:"Address of the gateway, in front of the applications."`
	Acting         string   `yaml:"acting_hosts" doc:"Names under which every mandate has hosts of its own: *.act.example.com, with a wildcard entry in DNS and a certificate for it. Best below another domain than the applications. Empty: on loopback *.act.localhost, elsewhere acting shares the applications' hosts."`
	ForwardAuth    string   `yaml:"forward_auth" doc:"Address where nginx, Caddy, Traefik and Envoy ask about applications with forward_auth. For proxies alone: on loopback, or a network of theirs that trusted_proxies names. Empty: not served."`
	PublicURL      string   `yaml:"public_url" doc:"Origin by which browsers reach Stead's own pages. Empty: http or https and server.listen."`
	TLS            TLS      `yaml:"tls" doc:"Certificate and key, both PEM. None: plain HTTP, for loopback or behind a proxy."`
	TrustedProxies []string `yaml:"trusted_proxies" doc:"Networks (CIDR) whose X-Forwarded-For and -Proto are believed. Empty: nobody's."`
}

// TLS names a certificate.
type TLS struct {
	Cert string `yaml:"cert" doc:"File with the certificate chain."`
	Key  string `yaml:"key" doc:"File with the private key."`
}

// Store is where everything is kept.
type Store struct {
	Driver string `yaml:"driver" doc:"embedded: SQLite in store.dir, for one node. postgres: the database that store.dsn_file names, for any number of equal nodes." enum:"embedded,postgres"`
	Dir    string `yaml:"dir" doc:"Folder of the store, for Stead alone (0700). With postgres, of what this node alone has."`
	DSN    string `yaml:"dsn_file" doc:"File with the connection string of PostgreSQL, postgres://stead@127.0.0.1:5432/stead; several hosts with target_session_attrs=read-write follow a fail-over. Needed with postgres."`
	Mirror string `yaml:"mirror" doc:"File outside store.dir that keeps the last signed head: a store that was rolled back is noticed. Empty: none."`
}

// Keys seal.
type Keys struct {
	MasterKeyFile string `yaml:"master_key_file" doc:"File with the master key, 32 bytes in base64. Empty: master.key in store.dir, made at the first start; keep a copy elsewhere. All nodes need the same."`
}

// A Directory is where people are found.
type Directory struct {
	ID    string `yaml:"id" doc:"Short name: staff."`
	Label string `yaml:"label" doc:"Name to show at sign-in."`
	Realm string `yaml:"realm" doc:"What these people are: employees, customers, partners. Informs policies and pages."`
}

// A System is connected.
type System struct {
	ID     string   `yaml:"id" doc:"Short name, as entitlements call it: crm."`
	Kind   string   `yaml:"kind" doc:"What it is. There is one kind: postgresql." enum:"postgresql"`
	DSN    string   `yaml:"dsn_file" doc:"File with the connection string of Stead's own role there: docs/guide/postgresql-systems.md."`
	Accept []string `yaml:"accept" doc:"Openings of it for everybody that are known and accepted, by name: docs/guide/postgresql-systems.md."`
}

// Agents holds what is said of all agents.
type Agents struct {
	Run       time.Duration `yaml:"run" doc:"How long an instance of an agent lives where it does not say: 168h at most."`
	Instances int           `yaml:"instances" doc:"How many instances of one agent may live at once."`
	SPIFFE    []Trust       `yaml:"spiffe" doc:"Trust domains whose workloads may be agents, as their registrations name them (JWT-SVID)."`
	Attesters []Attester    `yaml:"attesters" doc:"Who may attest keys of agents (OAuth attestation-based client authentication)."`
	Issuers   []Issuer      `yaml:"issuers" doc:"Other authorization servers whose identity assertions (ID-JAG) let agents act for people here."`
}

// A Trust is a trust domain of SPIFFE.
type Trust struct {
	Domain string `yaml:"trust_domain" doc:"Its name: acme.example."`
	File   string `yaml:"bundle_file" doc:"File with its bundle, a JWK set with use jwt-svid. Read when it is asked for."`
	URL    string `yaml:"bundle_url" doc:"Address of its bundle in place of the file: https, or http on this machine. Fetched anew at most every minute; one that cannot be counts for an hour."`
}

// An Attester vouches for keys.
type Attester struct {
	ID     string   `yaml:"id" doc:"Short name, as it stands in the record: laptops."`
	Keys   string   `yaml:"jwks_file" doc:"File with its public keys, a JWK set."`
	Agents []string `yaml:"agents" doc:"Names of the agents that it speaks for, and no others."`
}

// A Segment is a part of what there is, with agents of its own.
type Segment struct {
	ID      string   `yaml:"id" doc:"Short name, as the registrations of its agents call it: finance."`
	Systems []string `yaml:"systems" doc:"What lies in it: applications by id, connected systems, and names of authzen.systems. What no segment names lies outside of all."`
}

// A Resource is where agents act for people, and is elsewhere.
type Resource struct {
	ID         string   `yaml:"id" doc:"Short name, as entitlements and rules call it: calendar. It is one realm, all."`
	Address    string   `yaml:"address" doc:"What tokens for it name (RFC 8707), as its own metadata has it: https://calendar.example.com/mcp."`
	Privileged []string `yaml:"privileged" doc:"Whom nobody acts for there: groups as directory/group, or attributes as name=value. None: no agent acts for anybody."`
	Level      int      `yaml:"level" doc:"Protection level that people sign in with to let an agent act for them: 1 password, 2 with a second factor. 0: 1."`
	Aware      bool     `yaml:"aware" doc:"It records who really acted, so that agents may change something for people there."`
	Bearer     bool     `yaml:"bearer" doc:"Agents of low tier may have tokens for it that are bound to no key, for five minutes; policy is asked with context.sender_bound false."`
	House      House    `yaml:"house" doc:"It is another authorization server, and address its issuer: agents whom people let act there get identity assertions (ID-JAG) for it."`
}

// A House is another authorization server.
type House struct {
	Clients   []Client `yaml:"clients" doc:"How it calls agents. One that is not named gets nothing for it. None: it is no authorization server."`
	Resources []string `yaml:"resources" doc:"What may be asked for there, by address (RFC 8707)."`
}

// A Client is an agent as another house calls it.
type Client struct {
	Agent string `yaml:"agent" doc:"Its name here: scheduler."`
	ID    string `yaml:"id" doc:"Its client_id there."`
}

// An Issuer is another house whose word counts.
type Issuer struct {
	Issuer string    `yaml:"issuer" doc:"As its metadata and its assertions have it: https://stead.example.com."`
	File   string    `yaml:"jwks_file" doc:"File with its public keys, a JWK set. Read when it is asked for."`
	URL    string    `yaml:"jwks_url" doc:"Address of its public keys in place of the file: https, or http on this machine. A key that was withdrawn there counts for at most five minutes more; where it cannot be fetched, for an hour."`
	Agents []string  `yaml:"agents" doc:"Names of the agents that may show its assertions, and no others."`
	People []Subject `yaml:"people" doc:"Who its subjects are here. Whom this does not name is nobody."`
	Level  int       `yaml:"level" doc:"Protection level that its word on a sign-in counts for: 1 password, 2 with a second factor. 0: 1."`
}

// A Subject is a person as another house calls him.
type Subject struct {
	Subject string `yaml:"sub" doc:"person:staff/dana; or person:staff/*, where account ends with the same * too: the rest is the same, without /."`
	Account string `yaml:"account" doc:"His account here: customers/dana, or customers/*."`
}

// Documents are of clients that describe themselves.
type Documents struct {
	Hosts    []string       `yaml:"hosts" doc:"Whose documents are read, with a port where it is not 443: tools.example.com. Empty: nobody's, every client is registered."`
	Networks []string       `yaml:"networks" doc:"Networks (CIDR) where such hosts may be, besides the open one: 10.1.0.0/16."`
	Tasks    []DocumentTask `yaml:"tasks" doc:"What such a client may ask a person for. It is registered as an agent of his, of low tier, when he agrees."`
}

// A DocumentTask is one of what clients may ask for that nobody registered.
type DocumentTask struct {
	ID       string        `yaml:"id" doc:"Short name, which scope names: look."`
	Purpose  string        `yaml:"purpose" doc:"What it is for, as people read it."`
	Resource string        `yaml:"resource" doc:"Where: one of resources, by id."`
	Reads    []string      `yaml:"reads" doc:"What it may look at there, as the resource calls it."`
	Length   time.Duration `yaml:"length" doc:"How long at most. 0: a day."`
}

// Sessions end.
type Sessions struct {
	Idle     time.Duration `yaml:"idle" doc:"A session ends when nothing was done in it for so long."`
	Absolute time.Duration `yaml:"absolute" doc:"A session ends after so long, whatever is done."`
}

// Acting holds the terms of acting for somebody.
type Acting struct {
	DefaultDuration time.Duration  `yaml:"default_duration" doc:"Length of one term where none is asked for."`
	MaxDuration     time.Duration  `yaml:"max_duration" doc:"Longest term. Policy may shorten it."`
	WarnBefore      time.Duration  `yaml:"warn_before" doc:"How long before an end the heads-up comes."`
	Extensions      int            `yaml:"extensions" doc:"How many further terms may be asked for (WCAG 2.2.1: at least 10, or let people choose the length first)."`
	Total           time.Duration  `yaml:"total" doc:"Longest time of all terms together. 0: as long as the terms add up to."`
	Idle            time.Duration  `yaml:"idle" doc:"Acting ends when nothing was done under it for so long. 0: never."`
	StartWindow     time.Duration  `yaml:"start_window" doc:"How long an approved mandate may wait for its start."`
	AskWindow       time.Duration  `yaml:"ask_window" doc:"How long a request may wait for its approvals."`
	ArmFor          time.Duration  `yaml:"arm_for" doc:"How long acting stays armed after the second factor was proved."`
	Fresh           time.Duration  `yaml:"fresh" doc:"How long a proved second factor counts as fresh."`
	PerActor        int            `yaml:"per_actor" doc:"How many mandates one actor may hold at once."`
	Mode            string         `yaml:"mode" doc:"The mode that is offered first." enum:"read-only,edit"`
	Zone            string         `yaml:"zone" doc:"Time zone of the organisation: hours and weekdays in policies are local to it (IANA name)."`
	zone            *time.Location // of Zone, once validated
}

// A Timer changes terms. Members that are 0 change nothing.
type Timer struct {
	App             string        `yaml:"app" doc:"Application it is for. Empty: all."`
	Realm           string        `yaml:"realm" doc:"Realm it is for. Empty: all."`
	Group           string        `yaml:"group" doc:"Group of the actor it is for, directory/group. Empty: all."`
	DefaultDuration time.Duration `yaml:"default_duration" doc:"As acting.default_duration."`
	MaxDuration     time.Duration `yaml:"max_duration" doc:"As acting.max_duration."`
	Extensions      int           `yaml:"extensions" doc:"As acting.extensions."`
	Total           time.Duration `yaml:"total" doc:"As acting.total."`
	Idle            time.Duration `yaml:"idle" doc:"As acting.idle."`
	StartWindow     time.Duration `yaml:"start_window" doc:"As acting.start_window."`
	AskWindow       time.Duration `yaml:"ask_window" doc:"As acting.ask_window."`
	Fresh           time.Duration `yaml:"fresh" doc:"As acting.fresh."`
	PerActor        int           `yaml:"per_actor" doc:"As acting.per_actor."`
}

// Roles run Stead itself.
type Roles struct {
	Admin    []string `yaml:"admin" doc:"People, sessions and policy."`
	Auditor  []string `yaml:"auditor" doc:"Reads the whole record, and exports it."`
	Security []string `yaml:"security" doc:"Revokes and suspends anybody's mandate, ends anybody's session."`
	Level    int      `yaml:"level" doc:"Protection level that these roles' work asks for: 1 password, 2 with a second factor."`
}

// AuthZEN is who may ask what others may do, and about what.
type AuthZEN struct {
	Callers []Caller `yaml:"callers" doc:"Services that may ask. Each shows a secret of its own: Authorization: Bearer …"`
	Systems []string `yaml:"systems" doc:"Names of what is only asked about: applications that are not behind the gateway. Each is one realm, all."`
}

// A Caller is a service that may ask.
type Caller struct {
	ID          string   `yaml:"id" doc:"Short name: records. On record it is service:records."`
	SecretFile  string   `yaml:"secret_file" doc:"File with its secret, of at least 20 characters. Or secret_sha256."`
	SecretHash  string   `yaml:"secret_sha256" doc:"SHA-256 of its secret in hex, in place of the file: then this server does not know the secret."`
	Apps        []string `yaml:"apps" doc:"What it may ask about: applications by id, and names of authzen.systems. About anything else it is told no."`
	Directories []string `yaml:"directories" doc:"Directories whose people it may find by searching. Empty: nobody."`
	Level       int      `yaml:"level" doc:"Protection level that its own sign-in counts for, where it says that somebody is there: 1 or 2. 0: 1."`
	Keys        bool     `yaml:"checks_keys" doc:"It checks proofs of possession itself, so that the key of an agent which it names counts as proved."`
}

// Notify is how people are told.
type Notify struct {
	Subject  string        `yaml:"subject" doc:"When who is acted for is told that it begins and ends: always, or by-policy, where a rule says @notify(\"subject\")." enum:"always,by-policy"`
	Details  bool          `yaml:"details" doc:"Messages carry reason and ticket too, which may be sensitive. Else names and a bare link."`
	GiveUp   time.Duration `yaml:"give_up" doc:"How long a message is tried. What was given up is on record, and in stead notice list."`
	Channels []Channel     `yaml:"channels" doc:"Ways out. None: nobody is told."`
}

// A Channel is one way out.
type Channel struct {
	ID           string   `yaml:"id" doc:"Name, as policy's @notify calls it: mail, \"#security\"."`
	Kind         string   `yaml:"kind" doc:"email: people at the address in their attribute email. webhook: signed JSON (Standard Webhooks). slack: an incoming webhook of Slack, or of what understands the same." enum:"email,webhook,slack"`
	Tell         []string `yaml:"tell" doc:"Of webhook and slack: what it is told of every request: asked, reminder, escalated, approved, refused, expired, started, ended. Beside that, @notify names it for started and ended."`
	Server       string   `yaml:"server" doc:"Of email: host and port of the SMTP server, mail.example.com:587."`
	TLS          string   `yaml:"tls" doc:"Of email: starttls (needed, not only tried), tls (from the beginning), or none, on loopback alone. Empty: starttls."`
	From         string   `yaml:"from" doc:"Of email: address that messages come from."`
	Username     string   `yaml:"username" doc:"Of email: account at that server. Empty: none is needed."`
	PasswordFile string   `yaml:"password_file" doc:"Of email: file with its password."`
	URL          string   `yaml:"url" doc:"Of webhook: where it is sent to. https, or http on loopback. Redirects are not followed."`
	SecretFile   string   `yaml:"secret_file" doc:"Of webhook: file with the secret that signs, whsec_ and 24 to 64 random bytes in base64."`
	URLFile      string   `yaml:"url_file" doc:"Of slack: file with the address of the incoming webhook, which is a secret."`
}

// Policies are files.
type Policies struct {
	Dir          string `yaml:"dir" doc:"Folder with *.cedar, a schema and tests. Read once, when the store is empty; afterwards use stead policy stage and apply."`
	RequireTests bool   `yaml:"require_tests" doc:"Refuse a bundle that has no tests."`
}

// Audit is the record.
type Audit struct {
	Ordinary string `yaml:"ordinary" doc:"What becomes of ordinary requests while nothing can be recorded: allow (with an alarm) or deny. Requests on behalf of others are always refused." enum:"allow,deny"`
	Origin   string `yaml:"origin" doc:"Name of the log in checkpoints. Empty: the host of server.public_url and /log."`
}

// Observability is what watches.
type Observability struct {
	Metrics string `yaml:"metrics" doc:"Address of /livez, /readyz and /metrics. Empty: not served."`
	Log     string `yaml:"log" doc:"Least level of the server's own log." enum:"debug,info,warn,error"`
}

// Default is a Config that works.
func Default() Config {
	return Config{
		Version:  1,
		Server:   Server{Listen: "127.0.0.1:8420", Gateway: "127.0.0.1:8421"},
		Store:    Store{Driver: "embedded", Dir: "/var/lib/stead"},
		Sessions: Sessions{Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Acting: Acting{
			DefaultDuration: 10 * time.Minute, MaxDuration: time.Hour, WarnBefore: time.Minute, Extensions: 10,
			StartWindow: 15 * time.Minute, AskWindow: 8 * time.Hour, ArmFor: 10 * time.Minute,
			Fresh: 15 * time.Minute, PerActor: 1, Mode: "read-only", Zone: "UTC",
		},
		Agents:        Agents{Run: time.Hour, Instances: 1000},
		Roles:         Roles{Level: 2},
		Notify:        Notify{Subject: "always", GiveUp: 24 * time.Hour},
		Policies:      Policies{RequireTests: true},
		Audit:         Audit{Ordinary: "allow"},
		Observability: Observability{Metrics: "127.0.0.1:9464", Log: "info"},
	}
}
