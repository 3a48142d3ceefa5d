package weaviate

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// How often a program looks whether nodes that were down are back, while there is anything to erase on them.
const (
	replayEvery = 10 * time.Second
	replayTime  = 30 * time.Second // that it may take
)

// replay deletes what was erased from nodes that have it still, as those that were down do. What it cannot do is left to later calls:
// nobody is shown any of it in the meantime.
func (s *store) replay(ctx context.Context) {
	if !s.replaying.TryLock() { // somebody else is at it
		return
	}
	defer s.replaying.Unlock()
	if time.Since(s.replayed) < replayEvery {
		return
	}
	s.mu.Lock()
	erased := maps.Clone(s.now.Unsettled)
	maps.DeleteFunc(erased, func(change int64, _ []string) bool { return change <= s.settled })
	s.mu.Unlock()
	if len(erased) == 0 {
		return
	}
	s.replayed = time.Now()
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	nodes, all, err := s.replicas(ctx)
	if err != nil {
		return
	}
	for _, change := range slices.Sorted(maps.Keys(erased)) {
		clean, err := s.erased(ctx, nodes, erased[change])
		if err != nil || !clean || !all {
			return
		}
		s.mu.Lock()
		s.settled = change
		s.mu.Unlock()
	}
}

// erased deletes objects wherever a node has them, and says whether none had any.
func (s *store) erased(ctx context.Context, nodes, names []string) (bool, error) {
	var found atomic.Bool
	err := each(names, func(name string) error {
		for _, node := range nodes {
			there, err := s.has(ctx, node, name)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			found.Store(true)
			if _, err := s.do(ctx, http.MethodDelete, "objects/"+s.class+"/"+name+"?consistency_level=ALL", nil); err != nil {
				return err
			}
		}
		return nil
	})
	return !found.Load(), err
}
