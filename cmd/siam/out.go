package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/modelfile"
)

// checkOut finds out, before long work, whether a file can be written beside what is there. An empty name is fine.
func checkOut(name string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("cannot write %s: it is a folder; name a file", name)
	}
	dir := filepath.Dir(name)
	probe, err := os.CreateTemp(dir, "."+filepath.Base(name)+"-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot write %s: there is no folder %s; make it first", name, dir)
	case err != nil:
		return cannotWrite(name, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// sayReplaced says that a model will be replaced.
func (a *app) sayReplaced(name string) {
	if old, err := modelfile.Read(name); err == nil {
		a.say("note: %s holds model %.12s, which will be replaced", name, old.Hash)
	}
}

// writeOut writes content to a file, whole or not at all, or to standard output when name is empty.
func (a *app) writeOut(name string, content []byte) error {
	var err error
	switch info, statErr := os.Stat(name); {
	case name == "":
		_, err = a.stdout.Write(content)
		return err
	case statErr == nil && !info.Mode().IsRegular():
		err = os.WriteFile(name, content, 0o644) // a device or a pipe cannot be replaced
	default:
		err = atomicfile.Write(name, func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		})
	}
	if err != nil {
		return cannotWrite(name, err)
	}
	return nil
}

// cannotWrite names the file that was asked for in place of the temporary one beside it.
func cannotWrite(name string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return fmt.Errorf("cannot write %s: %w", name, err)
}
