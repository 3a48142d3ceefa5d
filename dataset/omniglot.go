package dataset

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The two halves of Omniglot. Networks are trained on the first, and the second only judges them.
const (
	backgroundFolder = "images_background"
	evaluationFolder = "images_evaluation"
)

// AlphabetOptions says what [ReadAlphabets] puts up with.
type AlphabetOptions struct {
	// Incomplete takes what there is of a partial copy: characters with fewer drawings than the others, or with a number
	// left out. Alphabets with a single character are left out.
	Incomplete bool
}

// ReadBackground reads the training half of Omniglot: f is the folder with images_background in it (or in a folder omniglot
// in it), or a folder of alphabets itself. Nothing in images_evaluation is ever opened.
func ReadBackground(ctx context.Context, f Folder, o AlphabetOptions) (*Set, error) {
	if path.Base(f.Path) == evaluationFolder {
		return nil, fmt.Errorf("read %s: %s only judges: train on %s", f.Path, evaluationFolder, backgroundFolder)
	}
	half, err := f.half(backgroundFolder, evaluationFolder)
	if err != nil {
		return nil, err
	}
	return ReadAlphabets(ctx, half, o)
}

// ReadEvaluation reads the judging half of Omniglot: f is the folder with images_evaluation in it (or in a folder omniglot
// in it), or a folder of alphabets itself, or of MNIST's files ([ReadIDX]).
func ReadEvaluation(ctx context.Context, f Folder, o AlphabetOptions) (*Set, error) {
	if f.isIDX() {
		return ReadIDX(ctx, f)
	}
	half, err := f.half(evaluationFolder, backgroundFolder)
	if err != nil {
		return nil, err
	}
	return ReadAlphabets(ctx, half, o)
}

// half finds the wanted half of Omniglot, without opening the other. A folder with neither half holds alphabets itself.
func (f Folder) half(want, other string) (Folder, error) {
	for _, root := range []Folder{f, f.Sub("omniglot")} {
		folders, _, err := root.list(".")
		switch {
		case err != nil:
			// Reading f as a folder of alphabets will say what is wrong with it, and omniglot need not be there.
		case slices.Contains(folders, want):
			return root.Sub(want), nil
		case slices.Contains(folders, other):
			return Folder{}, fmt.Errorf("read %s: it has %s but no %s: fetch the data again", root.Path, other, want)
		}
	}
	return f, nil
}

// ReadAlphabets reads a folder laid out as Omniglot is, ALPHABET/CHARACTER/NNNN_DD.png with DD the drawer, in parallel.
// Classes are named "ALPHABET/CHARACTER" and grouped by alphabet. It refuses a half-fetched copy, naming the first place
// where something is missing, and an alphabet with one character.
func ReadAlphabets(ctx context.Context, f Folder, o AlphabetOptions) (*Set, error) {
	alphabets, images, err := f.list(".")
	if err != nil {
		return nil, err
	}
	if len(images) > 0 || len(alphabets) == 0 {
		return nil, fmt.Errorf("read %s: it holds no alphabets: want ALPHABET/CHARACTER/NNNN_DD.png", f.Path)
	}
	s := &Set{Name: path.Base(f.Path)}
	for _, alphabet := range alphabets {
		if err := s.addAlphabet(f, alphabet, o); err != nil {
			return nil, err
		}
	}
	if len(s.Items) == 0 {
		return nil, fmt.Errorf("read %s: it holds no drawings: want ALPHABET/CHARACTER/NNNN_DD.png", f.Path)
	}
	if !o.Incomplete {
		if err := s.checkEven(f); err != nil {
			return nil, err
		}
	}
	found, err := f.List()
	if err != nil {
		return nil, err
	}
	s.Skipped = found.Skipped
	return s, s.load(ctx, f)
}

// addAlphabet lists one alphabet's drawings; their images are loaded later.
func (s *Set) addAlphabet(f Folder, alphabet string, o AlphabetOptions) error {
	characters, images, err := f.list(alphabet)
	switch {
	case err != nil:
		return err
	case len(images) > 0:
		return fmt.Errorf("read %s: it holds images where folders of characters should be: is %s a folder of identities?",
			f.name(alphabet), f.Path)
	case len(characters) < 2 && o.Incomplete:
		return nil
	case len(characters) == 0:
		return fmt.Errorf("read %s: the alphabet is empty: fetch the data again or remove the folder", f.name(alphabet))
	case len(characters) == 1:
		return fmt.Errorf("read %s: an alphabet with one character has nothing to tell it from: add more or remove the folder",
			f.name(alphabet))
	}
	if gap := missingNumber(characters); gap != "" && !o.Incomplete {
		return fmt.Errorf("read %s: %s is missing: fetch the data again, or read it as incomplete", f.name(alphabet), gap)
	}
	for _, character := range characters {
		if err := s.addCharacter(f, alphabet, character, o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) addCharacter(f Folder, alphabet, character string, o AlphabetOptions) error {
	dir := path.Join(alphabet, character)
	_, images, err := f.list(dir)
	if err != nil {
		return err
	}
	if len(images) == 0 {
		if o.Incomplete {
			return nil
		}
		return fmt.Errorf("read %s: the character has no drawings: fetch the data again, or remove the folder", f.name(dir))
	}
	label := len(s.Classes)
	s.Classes = append(s.Classes, Class{Name: dir, Group: alphabet})
	for _, image := range images {
		s.Items = append(s.Items, Item{Label: label, Drawer: drawerOf(image), Source: path.Join(dir, image)})
	}
	return nil
}

// drawerOf reads DD out of NNNN_DD.png; 0 when there is none.
func drawerOf(image string) int {
	stem := strings.TrimSuffix(image, path.Ext(image))
	at := strings.LastIndexByte(stem, '_')
	drawer, err := strconv.Atoi(stem[at+1:])
	if at < 0 || err != nil || drawer < 0 {
		return 0
	}
	return drawer
}

// missingNumber names the first of character01, character02, … that a folder numbered like this lacks, if any.
func missingNumber(characters []string) string {
	have := map[int]bool{}
	for _, name := range characters {
		digits, ok := strings.CutPrefix(name, "character")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil {
			return "" // not numbered: nothing to miss
		}
		have[n] = true
	}
	for n := 1; n <= len(characters); n++ {
		if !have[n] {
			return fmt.Sprintf("character%02d", n)
		}
	}
	return ""
}

// checkEven names the first class that has fewer items than most have.
func (s *Set) checkEven(f Folder) error {
	classes := s.ByClass()
	of := map[int]int{} // how many classes have so many items
	for _, items := range classes {
		of[len(items)]++
	}
	usual := 0
	for n, times := range of {
		if times > of[usual] || times == of[usual] && n > usual {
			usual = n
		}
	}
	for label, items := range classes {
		if len(items) < usual {
			return fmt.Errorf("read %s: it has %d drawings where the others have %d: fetch the data again, or read it as incomplete",
				f.name(s.Classes[label].Name), len(items), usual)
		}
	}
	return nil
}
