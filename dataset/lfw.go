package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
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
	Folds  []string // names of the folds, such as "07"
	// Skipped is what Folder holds besides images and lists.
	Skipped []Skipped
}

const lfwPairsName = "pairs.txt"

// IsLFW says whether a folder holds photographs with lists of pairs, as Labeled Faces in the Wild and LFWcrop do.
func IsLFW(f Folder) bool {
	_, ok := findLFW(f)
	return ok || len(f.unwrapped().foldLists()) > 0
}

// findLFW finds pairs.txt at the top of f or in a folder there.
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
// and "NAME I NAME J" of different ones. Or those of LFWcrop: faces/NAME_0001.jpg, and for each fold
// lists/NN_test_same.txt and lists/NN_test_diff.txt with two names a line. A list that is damaged or names a photograph that is
// not there is an error.
func ReadLFWPairs(f Folder) (*PhotoPairs, error) {
	p, err := readPairs(f)
	if err != nil {
		return nil, err
	}
	found, err := p.Folder.List()
	p.Skipped = slices.DeleteFunc(found.Skipped, func(s Skipped) bool { return s.File == lfwPairsName || path.Dir(s.File) == foldListsFolder })
	return p, err
}

func readPairs(f Folder) (*PhotoPairs, error) {
	if inner := f.unwrapped(); len(inner.foldLists()) > 0 {
		return readFoldLists(inner, inner.foldLists())
	}
	f, ok := findLFW(f)
	if !ok {
		return nil, fmt.Errorf("read data %s: there are no lists of pairs: want %s, or lists/NN_test_same.txt and lists/NN_test_diff.txt", f.Path, lfwPairsName)
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
	all := lines(text)
	head := slices.IndexFunc(all, func(line string) bool { return strings.TrimSpace(line) != "" })
	if head < 0 {
		return errors.New("the list is empty")
	}
	var folds, each int
	if _, err := fmt.Sscan(all[head], &folds, &each); err != nil || folds < 1 || each < 1 {
		return fmt.Errorf("line %d is %q, want the number of folds and of pairs in each", head+1, all[head])
	}
	places := map[string]int{}
	for i, line := range all[head+1:] {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		pair := PhotoPair{Same: len(fields) == 3, Fold: len(p.Pairs) / (2 * each)}
		if pair.Same {
			fields = []string{fields[0], fields[1], fields[0], fields[2]}
		}
		if len(fields) != 4 || pair.Fold >= folds {
			return fmt.Errorf("line %d is %q, want a name and two numbers, or two names with a number each", head+i+2, line)
		}
		for side, place := range []*int{&pair.A, &pair.B} {
			file, err := lfwFile(fields[2*side], fields[2*side+1])
			if err != nil {
				return fmt.Errorf("line %d: %w", head+i+2, err)
			}
			*place = p.place(places, file)
		}
		p.Pairs = append(p.Pairs, pair)
	}
	if len(p.Pairs) != 2*folds*each {
		return fmt.Errorf("it has %d pairs, want %d folds of twice %d: the list is cut short", len(p.Pairs), folds, each)
	}
	for fold := range folds {
		p.Folds = append(p.Folds, fmt.Sprintf("%02d", fold+1))
	}
	return nil
}

// place is the number of a file in p.Files; places knows those that are there.
func (p *PhotoPairs) place(places map[string]int, file string) int {
	at, known := places[file]
	if !known {
		at = len(p.Files)
		places[file] = at
		p.Files = append(p.Files, file)
	}
	return at
}

// Only keeps the pairs of the named folds, in that order, and the photographs they name.
func (p *PhotoPairs) Only(folds ...string) (*PhotoPairs, error) {
	kept := &PhotoPairs{Folder: p.Folder, Skipped: p.Skipped}
	places := map[string]int{}
	for number, name := range folds {
		from := slices.Index(p.Folds, name)
		if from < 0 || slices.Contains(kept.Folds, name) {
			return nil, fmt.Errorf("choose folds of %s: no fold %q, or twice: there are %s", p.Folder.Path, name, strings.Join(p.Folds, ", "))
		}
		kept.Folds = append(kept.Folds, name)
		for _, pair := range p.Pairs {
			if pair.Fold == from {
				pair.A, pair.B, pair.Fold = kept.place(places, p.Files[pair.A]), kept.place(places, p.Files[pair.B]), number
				kept.Pairs = append(kept.Pairs, pair)
			}
		}
	}
	return kept, nil
}

// Without leaves out the pairs of files that could not be read. Files stay numbered as they are.
func (p *PhotoPairs) Without(failed []*FileError) *PhotoPairs {
	if len(failed) == 0 {
		return p
	}
	lost := map[string]bool{}
	for _, f := range failed {
		lost[f.File] = true
	}
	kept := *p
	kept.Pairs = slices.DeleteFunc(slices.Clone(p.Pairs), func(pair PhotoPair) bool { return lost[p.Files[pair.A]] || lost[p.Files[pair.B]] })
	return &kept
}

// Identity is whom a photograph shows, by its place in Files.
func (p *PhotoPairs) Identity(file int) string { return identityOf(p.Files[file]) }

// Identities are the people whom the pairs name, each once, in order of first appearance.
func (p *PhotoPairs) Identities() []string {
	var names []string
	seen := map[string]bool{}
	for _, file := range p.Files {
		if name := identityOf(file); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func lfwFile(name, number string) (string, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("%q number %q is no photograph", name, number)
	}
	return fmt.Sprintf("%s/%s_%04d.jpg", name, name, n), nil
}
