package sqlite

import (
	"context"
	"fmt"
	"time"
)

// What is erased is overwritten where it lay, but SQLite may have left older copies of it in the gaps of pages that it rearranged. So
// the file is written anew without them, and the write-ahead log is emptied. A row in the table scrub says that this is due: it is
// written together with the erasure, so that a program that ends in between leaves it to the next.
const (
	scrubNow   = 1 // something was erased
	scrubLater = 2 // something expired, which happens often: once a day will do
)

const scrubAfter = 24 * time.Hour

// due says in a transaction that bytes have to leave the file.
func due(ctx context.Context, tx transaction, when int) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO scrub VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET erasures = erasures + 1", when, time.Now().UnixMicro())
	return err
}

// scrub makes the bytes of what was erased leave the disk, if that is due. While another program reads it has to wait for some seconds;
// then it is left to the next who opens the file or erases something.
func (s *store) scrub(ctx context.Context) error {
	if err := s.writing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.writing.Release(1)
	var now, later int64 // erasures
	err := s.db.QueryRowContext(ctx, "SELECT coalesce(sum(erasures) FILTER (WHERE id = ?1), 0), coalesce(sum(erasures) FILTER (WHERE id = ?2 AND since < ?3), 0) FROM scrub",
		scrubNow, scrubLater, time.Now().Add(-scrubAfter).UnixMicro()).Scan(&now, &later)
	if err != nil || now+later == 0 {
		return err
	}
	if err := s.patiently(ctx, func() error { _, err := s.db.ExecContext(ctx, "VACUUM"); return err }); err != nil {
		return fmt.Errorf("it is erased, but its bytes are still in the file, and leave it when the store is opened next: %w", err)
	}
	emptied, err := s.emptyLog(ctx)
	if err != nil || !emptied {
		return err
	}
	return s.patiently(ctx, func() error { // what others erased meanwhile is theirs to scrub
		_, err := s.db.ExecContext(ctx, "DELETE FROM scrub WHERE id = ? AND erasures = ? OR id = ? AND erasures = ?", scrubNow, now, scrubLater, later)
		return err
	})
}

// emptyLog copies the write-ahead log into the file and empties it, unless somebody reads for too long.
func (s *store) emptyLog(ctx context.Context) (bool, error) {
	for start := time.Now(); time.Since(start) < 5*time.Second; {
		var blocked, frames, copied int
		err := s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &frames, &copied)
		if err == nil && blocked == 0 {
			return true, nil
		}
		if err != nil && !busy(err) {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false, nil
}
