// Package unread tells sound files that are not decoded from damaged ones.
package unread

import "fmt"

// Kind is an error that names the part of a format which a sound file uses and which is not decoded, such as "arithmetic coding".
type Kind string

// Error is the part itself.
func (k Kind) Error() string { return string(k) }

// Kindf is a Kind with values in it.
func Kindf(format string, values ...any) Kind { return Kind(fmt.Sprintf(format, values...)) }
