package mot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/siam-go/siam/dataset"
)

// Kind says which of a folder's files are meant.
type Kind string

// The kinds of files.
const (
	Truth      Kind = "gt"
	Detections Kind = "det"
	Tracks     Kind = "tracks"
)

// Read reads the sequences of a file, or of all files in a folder or archive: NAME/gt/gt.txt or NAME/det/det.txt as MOTChallenge has
// them, with what NAME/seqinfo.ini says, or else every NAME.txt and NAME.json.
func Read(name string, kind Kind) ([]Sequence, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: there is no such file or folder", name)
	}
	if lower := strings.ToLower(name); info.IsDir() || strings.HasSuffix(lower, ".tar.gz") || strings.HasSuffix(lower, ".tgz") ||
		strings.HasSuffix(lower, ".zip") || strings.HasSuffix(lower, ".tar") {
		folder, err := dataset.OpenFolder(name)
		if err != nil {
			return nil, err
		}
		return readFolder(folder, kind)
	}
	return readFile(dataset.Folder{FS: os.DirFS(filepath.Dir(name)), Path: filepath.Dir(name)}, filepath.Base(name), absolute(name))
}

// absolute is a path with the folders around, which may name the sequence.
func absolute(name string) string {
	if whole, err := filepath.Abs(name); err == nil {
		return filepath.ToSlash(whole)
	}
	return filepath.ToSlash(name)
}

// readFile reads one file of a folder; known is the path that its sequence's name is taken from.
func readFile(f dataset.Folder, file, known string) ([]Sequence, error) {
	full := path.Join(filepath.ToSlash(f.Path), file)
	data, err := fs.ReadFile(f.FS, file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", full, reason(err))
	}
	sequences, err := parse(full, data)
	if err != nil {
		return nil, err
	}
	for i := range sequences {
		s := &sequences[i]
		if s.Name == "" {
			s.Name = sequenceOf(known)
		}
		if err := s.readInfo(f, file); err != nil {
			return nil, err
		}
	}
	return sequences, nil
}

func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// sequenceOf is the name that a file's path gives its sequence: NAME.txt, NAME/gt/gt.txt, NAME/det.txt.
func sequenceOf(file string) string {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	for dir := path.Dir(file); isKind(stem) && dir != "." && dir != "/"; dir = path.Dir(dir) {
		stem = path.Base(dir)
	}
	return stem
}

func isKind(name string) bool {
	return slices.Contains([]string{string(Truth), string(Detections), "pred", "results", "tracks"}, name)
}

func readFolder(f dataset.Folder, kind Kind) ([]Sequence, error) {
	files, err := find(f.FS, kind)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Path, reason(err))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read %s: it holds no NAME/%s/%s.txt, NAME.txt or NAME.json", f.Path, kind, kind)
	}
	var all []Sequence
	from := map[string]string{}
	for _, file := range files {
		sequences, err := readFile(f, file, path.Join(absolute(f.Path), file))
		if err != nil {
			return nil, err
		}
		for _, s := range sequences {
			if other, twice := from[s.Name]; twice {
				return nil, fmt.Errorf("read %s: both %s and %s are of sequence %s; name one of them", f.Path, other, file, s.Name)
			}
			from[s.Name] = file
			all = append(all, s)
		}
	}
	return all, nil
}

// find lists the files of a kind: those in its place of MOTChallenge's layout if there are any, or else all that have rows.
func find(fsys fs.FS, kind Kind) (files []string, err error) {
	var placed, others, data []string
	err = dataset.Walk(fsys, func(file string, d fs.DirEntry) error {
		name := strings.ToLower(d.Name())
		switch {
		case strings.HasPrefix(name, ".") && file != "." || name == "__macosx":
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
		case name == string(kind)+".txt":
			placed = append(placed, file)
		case rows(file):
			others = append(others, file)
			if path.Base(path.Dir(file)) == "data" {
				data = append(data, file)
			}
		}
		return nil
	})
	switch {
	case len(placed) > 0:
		return placed, err
	case len(data) > 0:
		return data, err // TrackEval's layout, with summaries beside
	}
	return others, err
}

// rows reports whether a file may hold rows, by its name.
func rows(file string) bool {
	base := strings.ToLower(path.Base(file))
	ext := path.Ext(base)
	if ext != ".txt" && ext != ".json" && ext != ".csv" {
		return false
	}
	stem := strings.TrimSuffix(base, ext)
	for _, other := range []string{"readme", "seqmap", "summary", "detailed", "license", "labels"} {
		if strings.Contains(stem, other) {
			return false
		}
	}
	return stem != string(Truth) && stem != string(Detections)
}

// readInfo reads seqinfo.ini beside the rows or in the folder around.
func (s *Sequence) readInfo(f dataset.Folder, file string) error {
	dir := path.Dir(file)
	for _, at := range []string{dir, path.Dir(dir)} {
		if info, err := ReadInfo(f.FS, path.Join(at, "seqinfo.ini")); err == nil {
			s.Info = info
			return nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read %s: %w", path.Join(f.Path, at, "seqinfo.ini"), err)
		}
	}
	if isKind(path.Base(filepath.ToSlash(f.Path))) && dir == "." { // one file, in NAME/gt
		if info, err := ReadInfo(os.DirFS(filepath.Dir(f.Path)), "seqinfo.ini"); err == nil {
			s.Info = info
		}
	}
	return nil
}

// ReadInfo reads MOTChallenge's seqinfo.ini.
func ReadInfo(fsys fs.FS, file string) (info Info, err error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return info, err
	}
	numbers := map[string]*int{"seqlength": &info.Frames, "imwidth": &info.Width, "imheight": &info.Height}
	for line := range strings.Lines(string(data)) {
		key, value, found := strings.Cut(line, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch {
		case !found:
		case key == "framerate":
			if info.Rate, err = strconv.ParseFloat(value, 64); err != nil || !(info.Rate > 0) || info.Rate > 1e6 {
				return info, fmt.Errorf("frameRate=%s, want frames a second", value)
			}
		case key == "imdir":
			info.Images = value
		case numbers[key] != nil:
			if *numbers[key], err = strconv.Atoi(value); err != nil || *numbers[key] < 0 {
				return info, fmt.Errorf("%s=%s, want a whole number", key, value)
			}
		}
	}
	return info, nil
}
