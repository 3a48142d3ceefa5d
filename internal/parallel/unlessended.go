package parallel

import "context"

// UnlessEnded is what work makes, which nobody can tell to stop, or the end of ctx where that comes first: a signal is heard at once. Work that is left alone
// must write nothing, and must not use a model or a backend, which may be closed by then.
func UnlessEnded[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type made struct {
		value T
		err   error
	}
	done := make(chan made, 1)
	go func() {
		value, err := work()
		done <- made{value, err}
	}()
	select {
	case m := <-done:
		if ctx.Err() != nil {
			return *new(T), ctx.Err()
		}
		return m.value, m.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}
