// Package demo is "Acme Orders", the shop that stead dev puts behind the gateway: customers, orders, invoices and
// messages, in memory, the same at every start.
//
// It knows nobody but by the headers of the gateway in front of it: X-Stead-Subject is whose pages these are,
// X-Stead-Actor who really sits there. It must not be reachable otherwise. It is actor-aware as an application
// should be: its own history says "changed by Sam for Dana".
//
// Pages: / /orders /orders/{id} /orders/{id}/edit /orders/export.csv /invoices /messages /profile /track /admin.
// Interface: /api/orders /api/search /api/graphql /api/whoami /api/heartbeat. What each of them is to the gateway
// stands in orders.yaml.
package demo
