// Package console is Stead's own pages: who I am, for whom I act, what waits for me, who acted as me, what happened.
// They are whole without script, keep their state in the address, and change something only by a form of their own.
//
//	GET  /                        who I am, what I do now, what waits for me
//	GET  /act                     arm acting; then find and choose a person
//	POST /act/arm  /act/disarm    a fresh code opens acting for a short while; closing it ends everything
//	POST /act/preview             what asking would need: nothing is asked for
//	POST /act/ask                 ask to act for the chosen person
//	GET  /act/{id}                what was asked, what is missing, the start
//	POST /act/{id}/start          … and on to the application
//	POST /act/{id}/withdraw
//	POST /requests/{id}/comment
//	GET  /claim/{id}              where the link of a start at the command line leads
//	GET  /acting                  for whom I act, how long still
//	POST /acting/extend /acting/end /acting/go
//	GET  /end                     after the end; POST /end/seen acknowledges one that came by itself
//	GET  /requests /requests/{id} what waits for my yes, and exactly what it is
//	POST /requests/{id}/approve   /requests/{id}/refuse
//	GET  /mandates /mandates/{id} what is in force, and the story of one; POST /mandates/{id}/revoke
//	GET  /agents /agents/{id}     agents: whose, what for, what they hold; /agents/new the file that registers one
//	GET  /agents/{id}/proposal    what it was seen to need, beside what it has
//	POST /agents/{id}/learn /unlearn /suspend /resume /retire /runs/{run}/end
//	GET  /people/{id}/stopped     what ended when an account was closed, and after what time
//	GET  /me                      who acted as me and what they saw, my sessions; POST /me/sessions/{id}/end
//	GET  /me/factor POST          an authenticator, or another one; /me/password another password; /me/concern/{id} tells security that I am not at ease
//	GET  /why/{decision}          why it was allowed or refused
//	GET  /audit                   the trail under a filter: rows, counts by time; POST /audit/check reads on in the log
//	GET  /audit/{number}          one event, its proof; /audit/{number}/event /audit/{number}/proof as files
//	GET  /audit/export            which rows a file would hold; POST /audit/export hands it out
//	GET  /people /people/{id}     accounts; /people/new and POST /people add one; POST /people/{id}/disable /enable /groups /sessions/{session}/end
//	GET  /groups                  who is in them, and which roles, rules and timers name them
//	GET  /policies                the rules in force; /policies/staged /policies/try /policies/history, POST /policies/apply
//	GET  /reports                 evidence: choose, count; POST /reports makes the file, GET /reports/making says how far it is
//	GET  /settings                timers and where they come from; /settings/timer, POST /settings/timer /settings/reset
//	GET  /health                  what must be right, and what to do where it is not
//	GET  /setup, POST /setup /setup/code   the one-time link of a new house
//
// Invariants: a request is answered as whoever shows the pass, and as nobody else; every route carries a tag, and the
// tag is asked before the page; nothing here decides, it asks the verbs.
package console
