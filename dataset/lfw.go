package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// PhotoPair is two photographs, by their places in [PhotoPairs], and whether they show the same person.
type PhotoPair struct {
	A, B int
	Same bool
	Fold int // of those that take turns in being judged
}

// PhotoPairs are the pairs of a verification test and the photographs they name, each once.
type PhotoPairs struct {
	Folder Folder
	Files  []string // within Folder
	Pairs  []PhotoPair
}

const lfwPairsName = "pairs.txt"

// IsLFW says whether a folder holds photographs with a list of pairs, as Labeled Faces in the Wild does.
func IsLFW(f Folder) bool {
	_, ok := findLFW(f)
	return ok
}

// findLFW finds the list at the top of f or in a folder there.
func findLFW(f Folder) (Folder, bool) {
	if f.hasFile(lfwPairsName) {
		return f, true
	}
	lists, _ := fs.Glob(f.FS, "*/"+lfwPairsName) // the pattern is right
	if len(lists) != 1 {
		return f, false
	}
	return f.Sub(path.Dir(lists[0])), true
}

// ReadLFWPairs reads the pairs of Labeled Faces in the Wild (Huang et al. 2007): folders of people with NAME/NAME_0001.jpg,
// and pairs.txt with the number of folds and of same pairs in each, then for every fold as many lines "NAME I J" of same pairs
// and "NAME I NAME J" of different ones. A list that is damaged or names a photograph that is not there is an error.
func ReadLFWPairs(f Folder) (*PhotoPairs, error) {
	f, ok := findLFW(f)
	if !ok {
		return nil, fmt.Errorf("read data %s: there is no %s with pairs of photographs", f.Path, lfwPairsName)
	}
	text, err := fs.ReadFile(f.FS, lfwPairsName)
	if err != nil {
		return nil, f.failed(lfwPairsName, err)
	}
	p := &PhotoPairs{Folder: f}
	if err := p.read(text); err != nil {
		return nil, f.failed(lfwPairsName, err)
	}
	for _, file := range p.Files {
		if !f.hasFile(file) {
			return nil, f.failed(lfwPairsName, fmt.Errorf("it names %s, which is not there: fetch the data again", file))
		}
	}
	return p, nil
}

// hasFile says whether f holds a file of that name.
func (f Folder) hasFile(name string) bool {
	info, err := fs.Stat(f.FS, name)
	return err == nil && info.Mode().IsRegular()
}

func (p *PhotoPairs) read(text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	if !lines.Scan() {
		return errors.New("the list is empty")
	}
	var folds, each int
	if _, err := fmt.Sscan(lines.Text(), &folds, &each); err != nil || folds < 1 || each < 1 {
		return fmt.Errorf("line 1 is %q, want the number of folds and of pairs in each", lines.Text())
	}
	places := map[string]int{}
	for i := 0; lines.Scan(); i++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		pair := PhotoPair{Same: len(fields) == 3, Fold: i / (2 * each)}
		if pair.Same {
			fields = []string{fields[0], fields[1], fields[0], fields[2]}
		}
		if len(fields) != 4 || pair.Fold >= folds {
			return fmt.Errorf("line %d is %q, want a name and two numbers, or two names with a number each", i+2, lines.Text())
		}
		for side, place := range []*int{&pair.A, &pair.B} {
			file, err := lfwFile(fields[2*side], fields[2*side+1])
			if err != nil {
				return fmt.Errorf("line %d: %w", i+2, err)
			}
			if _, known := places[file]; !known {
				places[file] = len(p.Files)
				p.Files = append(p.Files, file)
			}
			*place = places[file]
		}
		p.Pairs = append(p.Pairs, pair)
	}
	if len(p.Pairs) != 2*folds*each {
		return fmt.Errorf("it has %d pairs, want %d folds of twice %d: the list is cut short", len(p.Pairs), folds, each)
	}
	return lines.Err()
}

func lfwFile(name, number string) (string, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("%q number %q is no photograph", name, number)
	}
	return fmt.Sprintf("%s/%s_%04d.jpg", name, name, n), nil
}
