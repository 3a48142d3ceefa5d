package parallel

import (
	"context"
	"errors"
	"testing"
)

func TestUnlessEndedLeavesWorkAlone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	begun, never := make(chan struct{}), make(chan int)
	go func() {
		<-begun
		cancel()
	}()
	_, err := UnlessEnded(ctx, func() (int, error) {
		close(begun)
		return <-never, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	close(never)
}

func TestUnlessEndedGivesWhatWorkMakes(t *testing.T) {
	wanted := errors.New("wanted")
	v, err := UnlessEnded(t.Context(), func() (int, error) { return 7, wanted })
	if v != 7 || err != wanted {
		t.Errorf("%d and %v, want 7 and its error", v, err)
	}
}
