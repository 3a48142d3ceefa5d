package weaviate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/siam-go/siam/gallery"
)

const (
	turnTime = 8 * time.Second  // within which a change is written by whoever has its turn
	patience = 20 * time.Second // after which a turn is taken from somebody who has not used it
)

// turn is the right to write the change with a number.
type turn struct {
	number int64
	ends   time.Time
}

// alias is what a turn is in the cluster's schema, where it can be made once only.
func (s *store) alias(number int64) string { return fmt.Sprintf("%s_turn_%d", s.class, number) }

// take waits for the turn to write the next change. It wants no lock but that of writing.
func (s *store) take(ctx context.Context) (turn, error) {
	for {
		number, err := s.next(ctx)
		if err != nil {
			return turn{}, err
		}
		t := turn{number, time.Now().Add(turnTime)}
		got, err := s.want(ctx, http.MethodPost, "aliases", map[string]string{"class": s.class, "alias": s.alias(number)}, http.StatusOK, http.StatusUnprocessableEntity)
		if err != nil {
			return turn{}, err
		}
		if got.status != http.StatusOK {
			if !strings.Contains(string(got.body), "already exists") {
				return turn{}, errors.New(got.message())
			}
			if err := s.await(ctx, number); err != nil {
				return turn{}, err
			}
			continue
		}
		now, err := s.next(ctx)
		if err == nil && now == number {
			return t, nil
		}
		s.leave(ctx, number) // somebody had written it, and left its turn
		if err != nil {
			return turn{}, err
		}
	}
}

// next is the number of the next change.
func (s *store) next(ctx context.Context) (int64, error) {
	if err := s.mu.hold(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	err := s.sync(ctx)
	return s.now.Head + 1, err
}

// leave gives a turn back. Where it cannot, others wait until their patience is over if it was not used.
func (s *store) leave(ctx context.Context, number int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	_, _ = s.do(ctx, http.MethodDelete, "aliases/"+s.alias(number), nil)
}

// await waits for a change that is somebody else's turn, and voids it once patience is over.
func (s *store) await(ctx context.Context, number int64) error {
	for start, pause := time.Now(), 10*time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		if err := wait(ctx, pause); err != nil {
			return err
		}
		next, err := s.next(ctx)
		if err != nil || next > number {
			return err
		}
		if there, err := s.taken(ctx, number); err != nil || !there {
			return err
		}
		if time.Since(start) > patience {
			o, err := s.object(named(s.salt, "change", number), record{UID: fresh(), Void: true})
			if err == nil {
				err = s.put(ctx, []object{o})
			}
			s.leave(ctx, number)
			return err
		}
	}
}

// taken says whether somebody has a turn.
func (s *store) taken(ctx context.Context, number int64) (bool, error) {
	got, err := s.want(ctx, http.MethodGet, "aliases/"+s.alias(number), nil, http.StatusOK, http.StatusNotFound)
	return got.status == http.StatusOK, err
}

// errUncertain is that a change may have been made.
var errUncertain = errors.New("the cluster failed while it was being written: it may have been made or not, and is so by now or in some seconds")

// commit writes a change in its turn.
func (s *store) commit(ctx context.Context, t turn, r record) error {
	if time.Now().After(t.ends) {
		s.leave(ctx, t.number)
		return fmt.Errorf("%w: the cluster is too slow", gallery.ErrUnreachable)
	}
	o, err := s.object(named(s.salt, "change", t.number), r)
	if err != nil {
		return err
	}
	short, cancel := context.WithDeadline(ctx, t.ends)
	err = s.put(short, []object{o})
	cancel()
	if errors.Is(err, errFull) {
		s.leave(ctx, t.number)
		return err
	}
	if err != nil || time.Now().After(t.ends) { // somebody may have voided it
		if made := s.made(ctx, o.ID, r.UID); made {
			return nil
		}
		return fmt.Errorf("%w: %w", gallery.ErrUnreachable, errUncertain)
	}
	return nil
}

// made says whether a change is what was written.
func (s *store) made(ctx context.Context, name, uid string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	text, there, err := s.get(ctx, name)
	var r record
	return err == nil && there && json.Unmarshal([]byte(text), &r) == nil && r.UID == uid
}
