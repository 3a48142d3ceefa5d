package dataset

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// disk is a folder of the system, as [os.DirFS] is, but that names need not be UTF-8: old archives and cameras write Latin-1.
type disk string

// Open implements [fs.FS].
func (d disk) Open(name string) (fs.File, error) {
	at, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(at)
	if err != nil {
		return nil, renamed(err, name)
	}
	return file, nil
}

// Stat implements [fs.StatFS].
func (d disk) Stat(name string) (fs.FileInfo, error) {
	at, err := d.at("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(at)
	return info, renamed(err, name)
}

// at is where a name is; it may not lead out of the folder.
func (d disk) at(op, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(name, 0) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return filepath.Join(string(d), filepath.FromSlash(name)), nil
}

// renamed makes an error name the file as the caller did.
func renamed(err error, name string) error {
	if at, ok := err.(*fs.PathError); ok {
		at.Path = name
	}
	return err
}

// within is a folder of a file system, as [fs.Sub] makes it, but that names need not be UTF-8.
type within struct {
	fs.FS
	dir string
}

// Open implements [fs.FS].
func (w within) Open(name string) (fs.File, error) { return w.FS.Open(path.Join(w.dir, name)) }

// Stat implements [fs.StatFS].
func (w within) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, path.Join(w.dir, name)) }

// foldersAround are the folder itself and those that hold it.
func foldersAround(name string) (around []fs.FileInfo) {
	at, err := filepath.Abs(name)
	if real, failed := filepath.EvalSymlinks(at); err == nil && failed == nil {
		at = real
	}
	for {
		if info, err := os.Stat(at); err == nil {
			around = append(around, info)
		}
		if outer := filepath.Dir(at); outer != at {
			at = outer
			continue
		}
		return around
	}
}

// inUTF8 is a name of an archive or of an identity, taken as Latin-1 where it is not UTF-8.
func inUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	letters := make([]rune, len(name))
	for i := range len(name) {
		letters[i] = rune(name[i])
	}
	return string(letters)
}
