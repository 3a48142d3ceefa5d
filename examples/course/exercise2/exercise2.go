// Package exercise2 is yours: write the parts of exercise 2 here, one after the other, and ask after each
//
//	go -C examples/course run ./check 2
//
// docs/tutorials/en/02-cosegmentation.md says what each part is for, and the comments of sharing.Parts what exactly it gets and returns. A
// part is a function that you name in Mine:
//
//	var Mine = sharing.Parts{Side: side}
//
//	func side(w, h int) int { … }
package exercise2

import "github.com/siam-go/siam/examples/course/sharing"

// Mine are the parts that are written.
var Mine = sharing.Parts{}
