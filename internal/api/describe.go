package api

import "github.com/danielgtaylor/huma/v2"

func newHuma(d *door) huma.API { return huma.NewAPI(config(d.a.Version, d.a.Public), d) }

func config(version, public string) huma.Config {
	c := huma.DefaultConfig("Stead", version)
	c.Info.Description = "Acting for somebody else: asked for, agreed, started, ended, recorded. " +
		"Errors are problem documents (RFC 9457); their reason codes are listed in docs/reference/reasons.md."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Info.Contact = &huma.Contact{Name: "Stead", URL: "https://github.com/steadhq/stead"}
	if public == "" {
		public = "/"
	}
	c.Servers = []*huma.Server{{URL: public}}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	write := huma.DefaultJSONFormat.Marshal
	c.Formats = map[string]huma.Format{
		"application/json":         {Marshal: write, Unmarshal: readJSON},
		"application/problem+json": {Marshal: write, Unmarshal: func([]byte, any) error { return huma.ErrUnknownContentType }},
	}
	c.Transformers = []huma.Transformer{invalid}
	c.Tags = groups()
	c.Security = []map[string][]string{{"bearer": {}}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "the token that POST /v1/login gives"},
	}
	return c
}

func groups() []*huma.Tag {
	return []*huma.Tag{
		{Name: "login", Description: "Who you are."}, {Name: "mandates", Description: "Acting for somebody else."},
		{Name: "audit", Description: "What happened, and the proof."}, {Name: "people", Description: "Accounts and sessions."}, {Name: "agents", Description: "Agents, their runs and their tasks."},
		{Name: "duties", Description: "What no one party does both, and which ways lead between segments."},
		{Name: "policy", Description: "The rules, and why they said what they said."}, {Name: "server", Description: "This server."},
		{Name: "configuration", Description: "What the server was told, in its file and since."},
	}
}
