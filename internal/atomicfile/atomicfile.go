// Package atomicfile puts files and folders in their place whole or not at all: it fills them beside that place, waits for the
// disk, and renames.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// suffix ends the names of what is not finished.
const suffix = ".siam-tmp"

// Write puts what fill writes at path, in the place of a file that is there. At every moment, through a full disk and a power
// cut, path holds all of the old content or all of the new.
//
// The error is an [fs.PathError] that names path.
func Write(path string, fill func(io.Writer) error) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*"+suffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: make the folder %s first", fs.ErrNotExist, filepath.Dir(path))
	}
	if err != nil {
		return failed(path, err)
	}
	defer os.Remove(temp.Name()) // does nothing after the rename
	if err := complete(temp, fill); err != nil {
		return failed(path, err)
	}
	return put(temp.Name(), path)
}

// complete fills and closes temp.
func complete(temp *os.File, fill func(io.Writer) error) error {
	defer temp.Close() // a second Close is harmless
	buffered := bufio.NewWriterSize(temp, 1<<20)
	if err := fill(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	return temp.Close()
}

// Folder puts a folder that fill fills at dir, where nothing may be yet, and makes the folders above it. The files in it are
// fill's to sync. The error is an [fs.PathError] that names dir.
func Folder(dir string, fill func(partial string) error) error {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); err == nil {
		return failed(dir, errors.New("it exists already: choose another name or remove it"))
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return failed(dir, err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*"+suffix)
	if err != nil {
		return failed(dir, err)
	}
	defer os.RemoveAll(partial) // does nothing after the rename
	if err := os.Chmod(partial, 0o755); err != nil {
		return failed(dir, err)
	}
	if err := fill(partial); err != nil {
		return failed(dir, err)
	}
	return put(partial, dir)
}

// put renames temp to path and makes that survive a power cut.
func put(temp, path string) error {
	if err := os.Rename(temp, path); err != nil {
		return failed(path, err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return failed(path, err)
	}
	defer dir.Close()
	_ = dir.Sync() // not every system can sync a folder; the rename itself has succeeded
	return nil
}

// failed says that path could not be written. Of what went wrong with the temporary file it keeps the reason only.
func failed(path string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok && strings.HasSuffix(at.Path, suffix) {
		err = at.Err
	}
	if at, ok := errors.AsType[*os.LinkError](err); ok && strings.HasSuffix(at.Old, suffix) {
		err = at.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}
