// Package agents tells what agents do: ask for a task, are agreed to, work, and are stopped, with every real part and a
// clock moved by hand.
package agents
