package dataset

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// ReadIdentities reads images of people or things in parallel, laid out in one of two ways, wherever below f they begin: a folder for
// each identity, with images in it or in folders inside it, or all images together, named IDENTITY_NUMBER.jpg as those of LFWcrop are; see
// [IdentitiesOf]. Classes are named by identity and have no group, and items have no drawer. An identity may have a single image.
func ReadIdentities(ctx context.Context, f Folder) (*Set, error) {
	found, err := f.List()
	if err == nil {
		err = found.Check(f)
	}
	if err != nil {
		return nil, err
	}
	names, err := identities(f, found.Images)
	if err != nil {
		return nil, err
	}
	s := &Set{Name: path.Base(f.unwrapped().Path), Skipped: found.Skipped}
	labels := map[string]int{}
	for i, file := range found.Images {
		if names[i] == "" {
			s.Skipped = append(s.Skipped, Skipped{file, whyUntold})
			continue
		}
		label, known := labels[names[i]]
		if !known {
			label = len(s.Classes)
			labels[names[i]] = label
			s.Classes = append(s.Classes, Class{Name: names[i]})
		}
		s.Items = append(s.Items, Item{Label: label, Source: file})
	}
	if err := s.checkTwo(f); err != nil {
		return nil, err
	}
	if err := s.load(ctx, f); err != nil {
		return nil, err
	}
	if err := s.checkTwo(f); err != nil {
		return nil, s.Failed[0]
	}
	return s, nil
}

// checkTwo wants two identities.
func (s *Set) checkTwo(f Folder) error {
	n := len(s.Classes)
	if n >= 2 {
		return nil
	}
	return fmt.Errorf("read %s: it holds images of %s: want at least two identities, each in a folder of its own or all named IDENTITY_NUMBER",
		f.Path, [...]string{"nobody", "one identity"}[n])
}

// IdentitiesOf tells from the paths of files whom they show, leaving out the folders that all have in common: the outermost folder that is
// left, whatever folders of dates there are inside it, or, where there are no two folders, the part of the name before the last
// underscore. Of alphabets, folders of folders of drawings, each inner folder is an identity. What is not told is "". It is nil when the paths do
// not tell two identities apart, one of them with two files.
func IdentitiesOf(files []string) []string {
	l := layoutOf(files)
	if l.parts {
		return nil
	}
	names := l.names(files)
	count := map[string]int{}
	for _, name := range names {
		if name != "" {
			count[name]++
		}
	}
	several := false
	for _, n := range count {
		several = several || n > 1
	}
	if len(count) < 2 || !several {
		return nil
	}
	return names
}

// Told keeps the files of which [IdentitiesOf] tells whom they show, all where it tells of none.
func Told(files []string) (told []string, untold []Skipped) {
	names := IdentitiesOf(files)
	for i, file := range files {
		if names == nil || names[i] != "" {
			told = append(told, file)
		} else {
			untold = append(untold, Skipped{file, whyUntold})
		}
	}
	return told, untold
}

// identities is IdentitiesOf for those who cannot do without.
func identities(f Folder, files []string) (names []string, err error) {
	l := layoutOf(files)
	if l.alphabets {
		return nil, fmt.Errorf("read %s: it holds folders where images should be: want IDENTITY/IMAGE, where an identity may have folders of dates; is it a folder of alphabets?",
			f.name(path.Join(l.root, l.first)))
	}
	if l.parts {
		return nil, fmt.Errorf("read %s: it holds parts of a data set, such as %s: name one of them", f.name(path.Join(l.root, ".")), l.first)
	}
	names = l.names(files)
	if l.root != "" && !slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
		names = slices.Repeat([]string{path.Base(l.root)}, len(names)) // the only identity
	}
	return names, nil
}

// layout is how images lie in folders.
type layout struct {
	root      string // that all have in common, "" for none
	first     string // outermost folder inside it
	folders   bool   // of identities
	alphabets bool   // folders of folders of images
	parts     bool   // train and test
}

// partNames are those of parts of data sets.
var partNames = []string{"train", "training", "test", "testing", "val", "valid", "validation", "query", "gallery"}

// dated are names of folders that hold some images of an identity: dates, sessions, a camera's rolls.
var dated = regexp.MustCompile(`(?i)^((19|20)\d\d.*|\d{1,2}|\d\d?[-._]\d\d?[-._]\d{2,4}|\d{3}[A-Z_]{5}|(session|visit|day|date|month|year|album|roll|event|trip|shoot|shooting|camera|cam|dcim|take|burst|batch|part|sitting|series|seq|sequence)s?[ _-]?\d*.*)$`)

var characterName = regexp.MustCompile(`^character\d+$`)

func layoutOf(files []string) layout {
	var l layout
	for {
		first := firstFolders(l.inside(files))
		if len(first) != 1 || slices.ContainsFunc(l.inside(files), isLoose) || l.charactersIn(files) {
			l.folders = len(first) > 1
			if len(first) > 0 {
				l.first = first[0]
			}
			break
		}
		l.root = path.Join(l.root, first[0])
	}
	inside := l.inside(files)
	deep, nested := len(files) > 0, len(files) > 0
	for _, file := range inside {
		parts := strings.Split(file, "/")
		deep = deep && len(parts) >= 3
		nested = nested && len(parts) == 3 && !dated.MatchString(parts[1])
	}
	l.parts = l.folders && deep && !slices.ContainsFunc(firstFolders(inside), func(name string) bool { return !slices.Contains(partNames, strings.ToLower(name)) })
	l.alphabets = nested && !l.parts
	return l
}

// charactersIn says whether the only folder is an alphabet.
func (l layout) charactersIn(files []string) bool {
	for _, file := range l.inside(files) {
		parts := strings.Split(file, "/")
		if len(parts) != 3 || !characterName.MatchString(parts[1]) {
			return false
		}
	}
	return true
}

// inside are the paths below the root.
func (l layout) inside(files []string) []string {
	if l.root == "" {
		return files
	}
	inside := make([]string, len(files))
	for i, file := range files {
		inside[i] = strings.TrimPrefix(file, l.root+"/")
	}
	return inside
}

func isLoose(file string) bool { return !strings.Contains(file, "/") }

// firstFolders are the outermost folders of files, in order.
func firstFolders(files []string) (folders []string) {
	seen := map[string]bool{}
	for _, file := range files {
		if first, _, nested := strings.Cut(file, "/"); nested && !seen[first] {
			seen[first] = true
			folders = append(folders, first)
		}
	}
	return folders
}

// names are the identities of files.
func (l layout) names(files []string) []string {
	names := make([]string, len(files))
	for i, file := range l.inside(files) {
		first, _, nested := strings.Cut(file, "/")
		switch {
		case l.alphabets:
			names[i] = path.Dir(file)
		case !l.folders:
			names[i] = identityOf(file)
		case nested:
			names[i] = first
		}
	}
	return names
}

// identityOf is the part of a file's name before its last underscore, "" when there is none: Ada_Lovelace_0001.jpg shows
// Ada_Lovelace.
func identityOf(file string) string {
	name := path.Base(file)
	return name[:max(strings.LastIndexByte(name, '_'), 0)]
}

// load decodes the files named by the items' Source, paths inside f, and makes each Source what messages call it. Files that cannot be
// read are left out, where f is not strict.
func (s *Set) load(ctx context.Context, f Folder) error {
	files := make([]string, len(s.Items))
	for i, item := range s.Items {
		files[i] = item.Source
	}
	var left []int
	i := 0
	for photo, err := range f.Photos(ctx, files) {
		if failed, ok := errors.AsType[*FileError](err); ok && !f.Strict {
			s.Failed, left = append(s.Failed, failed), append(left, i)
		} else if err != nil {
			return err
		} else {
			s.Items[i].Image, s.Items[i].Source = photo.Image, f.name(files[i])
		}
		i++
	}
	if len(left) == len(files) && len(left) > 0 {
		return s.Failed[0]
	}
	if len(left) > 0 {
		kept := s.Without(left...)
		s.Classes, s.Items = kept.Classes, kept.Items
	}
	return nil
}
