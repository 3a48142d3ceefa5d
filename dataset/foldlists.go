package dataset

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// LFWcrop's folders (Sanderson and Lovell 2009).
const (
	foldListsFolder = "lists"
	facesFolder     = "faces"
)

// foldListName tells the lists of the folds from those for choosing settings, such as dv_train_same.txt.
var foldListName = regexp.MustCompile(`^([0-9]+)_test_(same|diff)\.txt$`)

// foldLists names the lists of folds in f, sorted.
func (f Folder) foldLists() []string {
	entries, _ := fs.ReadDir(f.FS, foldListsFolder) // which need not be there
	var lists []string
	for _, e := range entries {
		if foldListName.MatchString(e.Name()) {
			lists = append(lists, e.Name())
		}
	}
	return lists
}

// readFoldLists reads LFWcrop's lists: two names a line, of images in the folder faces.
func readFoldLists(f Folder, lists []string) (*PhotoPairs, error) {
	_, faces, err := f.list(facesFolder)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string, len(faces)) // by their names in the lists
	for _, face := range faces {
		files[strings.TrimSuffix(face, path.Ext(face))] = path.Join(facesFolder, face)
	}
	p, places := &PhotoPairs{Folder: f}, map[string]int{}
	for _, list := range lists {
		match := foldListName.FindStringSubmatch(list)
		fold := slices.Index(p.Folds, match[1])
		if fold < 0 {
			fold = len(p.Folds)
			p.Folds = append(p.Folds, match[1])
		}
		name := path.Join(foldListsFolder, list)
		text, err := fs.ReadFile(f.FS, name)
		if err != nil {
			return nil, f.failed(name, err)
		}
		for number, line := range lines(text) {
			pair := PhotoPair{Same: match[2] == "same", Fold: fold}
			if err := p.addListed(&pair, line, files, places); err != nil {
				return nil, f.failed(name, fmt.Errorf("line %d: %w", number+1, err))
			}
		}
	}
	return p, p.checkFolds()
}

// lines splits text, leaving out line ends of every kind, and the mark that some editors put before the first line.
func lines(text []byte) []string {
	plain := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(text), "\ufeff"))
	return strings.Split(plain, "\n")
}

// addListed adds the pair that a line names; an empty line adds none.
func (p *PhotoPairs) addListed(pair *PhotoPair, line string, files map[string]string, places map[string]int) error {
	names := strings.Fields(line)
	if len(names) == 0 {
		return nil
	}
	if len(names) != 2 {
		return fmt.Errorf("it is %q, want the names of two images", line)
	}
	for side, place := range []*int{&pair.A, &pair.B} {
		file, there := files[names[side]]
		if !there {
			return fmt.Errorf("it names %s, which is not in %s: fetch the data again", names[side], facesFolder)
		}
		*place = p.place(places, file)
	}
	if same := identityOf(p.Files[pair.A]) == identityOf(p.Files[pair.B]); same != pair.Same {
		return fmt.Errorf("%s and %s are in the wrong list, by their names", names[0], names[1])
	}
	p.Pairs = append(p.Pairs, *pair)
	return nil
}

// checkFolds wants same and different pairs in every fold.
func (p *PhotoPairs) checkFolds() error {
	for fold, name := range p.Folds {
		for _, same := range []bool{true, false} {
			if !slices.ContainsFunc(p.Pairs, func(pair PhotoPair) bool { return pair.Fold == fold && pair.Same == same }) {
				return fmt.Errorf("read %s: fold %s lacks its pairs of the same people or of different ones: fetch the data again",
					p.Folder.name(foldListsFolder), name)
			}
		}
	}
	return nil
}
