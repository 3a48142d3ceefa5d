package sqlite

import (
	"context"
	"time"
)

// scrub makes the bytes of what was erased leave the disk, if any may remain: the write-ahead log is copied into the file, where
// erased content is overwritten, and emptied. While another program reads, that has to wait; then it is left to the next who opens the
// file or changes something.
func (s *store) scrub(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var needed bool
	if err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM scrub)").Scan(&needed); err != nil || !needed {
		return err
	}
	for start := time.Now(); time.Since(start) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		var blocked, frames, copied int
		if err := s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &frames, &copied); err != nil && !busy(err) {
			return err
		} else if err == nil && blocked == 0 {
			_, err := s.db.ExecContext(ctx, "DELETE FROM scrub")
			return err
		}
	}
	return nil
}
