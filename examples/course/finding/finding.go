// Package finding says what is right in an exercise and what is not yet.
package finding

import (
	"errors"
	"fmt"
)

// Finding is what a check found in one part of an exercise.
type Finding struct {
	Part string
	Err  error // nil where the part is right, [ErrMissing] where it is not written yet
}

// ErrMissing says that a part is not written yet.
var ErrMissing = errors.New("not written yet")

// Of runs a check of a part. A part that panics is wrong, and the finding says how.
func Of(part string, written bool, check func() error) (f Finding) {
	f.Part = part
	if !written {
		f.Err = ErrMissing
		return f
	}
	defer func() {
		if failure := recover(); failure != nil {
			f.Err = fmt.Errorf("it panics: %v", failure)
		}
	}()
	f.Err = check()
	return f
}

// String is one line: a sign, the part, and what is wrong with it.
func (f Finding) String() string {
	switch {
	case f.Err == nil:
		return "✓ " + f.Part
	case errors.Is(f.Err, ErrMissing):
		return fmt.Sprintf("· %s: %v", f.Part, f.Err)
	}
	return fmt.Sprintf("✗ %s: %v", f.Part, f.Err)
}
