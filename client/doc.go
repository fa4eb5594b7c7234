// Package client is for applications behind Stead: it tells them who acts for whom in a request.
//
//	guard, err := client.New(client.Options{
//		Issuer: "https://stead.example.com", App: "orders", Origin: "https://orders.example.com",
//		JWKS: "https://stead.example.com/.well-known/jwks.json",
//	})
//	http.Handle("/", guard.Wrap(orders))
//	…
//	who, ok := client.From(r.Context()) // who.Subject, who.Actor, who.IsActing(), who.ReadOnly()
//
// A request counts only if its X-Stead-Assertion is signed by a key of the issuer, for this application, for this
// method and URL, and now. What is missing is a refusal, an expectation that is not set too (S-I20). Headers of the
// token that name other keys are never followed.
package client
