package weaviate

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/siam-go/siam/gallery"
)

// snapshotEvery is after how many changes the state is written, so that a program that opens the store need not read all changes.
const snapshotEvery = 64

// snapshot writes the state, where it is time to. One that cannot be written is not missed but for the time that it saves.
func (s *store) snapshot(ctx context.Context) {
	s.mu.Lock()
	var o object
	var err error
	head := s.now.Head
	if head%snapshotEvery == 0 {
		o, err = s.object(named(s.salt, "snapshot", head), s.now)
	}
	s.mu.Unlock()
	if err != nil || o.ID == "" {
		return
	}
	if s.put(ctx, []object{o}) == nil && head > 2*snapshotEvery {
		_ = s.delete(ctx, []string{named(s.salt, "snapshot", head-2*snapshotEvery)})
	}
}

// start reads the state from the newest snapshot, and the changes since.
func (s *store) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	head, err := s.lastChange(ctx)
	if err != nil {
		return err
	}
	for at, tries := head/snapshotEvery*snapshotEvery, 0; at > 0 && tries < 4; at, tries = at-snapshotEvery, tries+1 {
		text, there, err := s.get(ctx, named(s.salt, "snapshot", at))
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		now := newState()
		if err := json.Unmarshal([]byte(text), now); err != nil || now.Head != at {
			return fmt.Errorf("%w: snapshot %d: %v", gallery.ErrDamaged, at, err)
		}
		s.now = now
		break
	}
	return s.sync(ctx)
}

// lastChange is the number of a change that is among the last.
func (s *store) lastChange(ctx context.Context) (low int64, err error) {
	found := true
	step := int64(1)
	for found { // the changes have no gap
		if _, found, err = s.get(ctx, named(s.salt, "change", low+step)); err != nil {
			return 0, err
		}
		if found {
			low, step = low+step, 8*step
		}
	}
	for step /= 2; step >= snapshotEvery/8; step /= 2 {
		if _, found, err = s.get(ctx, named(s.salt, "change", low+step)); err != nil {
			return 0, err
		}
		if found {
			low += step
		}
	}
	return low, nil
}
