// Package agent is for programs that run agents: it begins a run with a key of its own, and calls Stead with tokens that are
// bound to that key and a proof of it in every request (RFC 9449).
//
//	key, err := agent.NewKey(rand.Reader)
//	run := &agent.Run{Addr: "https://stead.example.com", HTTP: http.DefaultClient, Key: key, Now: time.Now}
//	err = run.Enroll(ctx, agent.ByKey{Agent: "monthly-report", Key: own}, 25*time.Hour, 30*time.Second)
//	m, err := run.API("report/1").AskTask(ctx, admin.TaskBody{Task: "monthly"})
//
// Keys stay in memory unless the program writes them down. A Run is safe for concurrent use once it is enrolled.
package agent
