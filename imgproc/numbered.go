package imgproc

import "fmt"

// NumberedError is what went wrong with one of several images.
type NumberedError struct {
	Doing  string // what was being done to it, such as "embed image"
	Number int    // which of the call's images it is, from 1
	Err    error
}

func (e *NumberedError) Error() string { return fmt.Sprintf("%s %d: %v", e.Doing, e.Number, e.Err) }

func (e *NumberedError) Unwrap() error { return e.Err }
