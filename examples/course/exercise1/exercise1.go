// Package exercise1 is yours: write the parts of exercise 1 here, one after the other, and ask after each
//
//	go -C examples/course run ./check 1
//
// docs/tutorials/en/01-triplet.md says what each part is for, and the comments of triplets.Parts what exactly it gets and returns. A
// part is a function that you name in Mine:
//
//	var Mine = triplets.Parts{Loss: loss}
//
//	func loss(ap, an, m float64) float64 { … }
package exercise1

import "github.com/siam-go/siam/examples/course/triplets"

// Mine are the parts that are written.
var Mine = triplets.Parts{}
