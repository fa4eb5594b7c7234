// Package stage is what tests of the whole program share: the program itself, its processes and what they say, and
// people who call it over HTTP. It asserts nothing of Stead's, and no program imports it.
package stage
