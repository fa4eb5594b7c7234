// Package story tells what people do behind the doors, line by line, with every real part and a clock moved by hand.
package story
