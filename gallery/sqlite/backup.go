package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies the store, as it is at one moment, to a new file, while programs use it. What was erased is not in the copy. It is put
// in its place whole or not at all, and fails with [fs.ErrExist] where there is a file.
func (s *store) Backup(ctx context.Context, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("copy the store to %s: %w: choose another name", file, fs.ErrExist)
	}
	temp, err := os.MkdirTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // only its owner reads it
	if err != nil {
		return fmt.Errorf("copy the store to %s: %w", file, err)
	}
	defer os.RemoveAll(temp)
	copied := filepath.Join(temp, "copy")
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", copied); err != nil {
		return s.failed("copy to "+file, err)
	}
	if err := errors.Join(os.Chmod(copied, 0o600), synced(copied), os.Rename(copied, file)); err != nil {
		return fmt.Errorf("copy the store to %s: %w", file, err)
	}
	_ = synced(filepath.Dir(file)) // not every system can sync a folder; the copy is in its place
	return nil
}

// synced waits for the disk.
func synced(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
