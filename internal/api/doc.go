// Package api is the admin API: one way in for the CLI, for scripts and for other programs. A handler parses, calls
// one verb and writes; errors become problem documents in one place (web.Door).
//
// Routes, all under /v1 and described at /openapi.json (OpenAPI 3.1):
//
//	login, login/step-up, logout, whoami     a bearer pass for the host "api"
//	acting/{find,arm,disarm,acknowledge}     what comes before a mandate, and after it
//	mandates, mandates/{id}, mandates/{id}/{approve,refuse,comment,withdraw,claim,start,extend,end,revoke,suspend,resume,narrow}
//	events (JSON pages, or SSE)              decisions/{id}: why
//	people, people/{id}, people/import       sessions, sessions/{id}
//	apps                                     policy, policy/{stage,apply,plan,try}
//	audit/{checkpoint,export,proof}          reports, reports/{report}; clock/trust; dev/clock in stead dev only
//
// Invariants: every operation has a policy tag, and one without does not start (S-I29); a body says nothing that was
// not asked for (L2); a pass is read from the Authorization header, a browser's cookie counts only for requests that
// Stead's own pages send; a stream ends when the session it hangs on does.
package api
