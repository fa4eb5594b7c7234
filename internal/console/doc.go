// Package console is Stead's own pages: who I am, for whom I act, what waits for me, who acted as me, what happened.
// They are whole without script, keep their state in the address, and change something only by a form of their own.
//
//	GET  /                        who I am, what I do now, what waits for me
//	GET  /act                     arm acting; then find and choose a person
//	POST /act/arm  /act/disarm    a fresh code opens acting for a short while; closing it ends everything
//	POST /act/ask                 ask to act for the chosen person
//	GET  /act/{id}                what was asked, what is missing, the start
//	POST /act/{id}/start          … and on to the application
//	POST /act/{id}/withdraw
//	GET  /claim/{id}              where the link of a start at the command line leads
//	GET  /acting                  for whom I act, how long still
//	POST /acting/extend /acting/end /acting/go
//	GET  /end                     after the end; POST /end/seen acknowledges one that came by itself
//	GET  /requests /requests/{id} what waits for my yes, and exactly what it is
//	POST /requests/{id}/approve   /requests/{id}/refuse
//	GET  /mandates /mandates/{id} what is in force, and the story of one; POST /mandates/{id}/revoke
//	GET  /me                      who acted as me, my sessions; POST /me/sessions/{id}/end
//	GET  /why/{decision}          why it was allowed or refused
//	GET  /people /audit           for those who run Stead, and those who read the trail
//	GET  /setup, POST /setup /setup/code   the one-time link of a new house
//
// Invariants: a request is answered as whoever shows the pass, and as nobody else; every route carries a tag, and the
// tag is asked before the page; nothing here decides, it asks the verbs.
package console
