package dataset

import (
	"context"
	"fmt"
	"path"
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
	names, err := f.Identities(found.Images)
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
// left, whatever folders of dates there are inside it or around it, or, where there are no two folders, the part of the name before the last
// underscore. Of alphabets, folders of folders of drawings, each inner folder is an identity. Names are in Unicode's composed form (NFC), as
// systems differ in that. What is not told is "". It is nil when the paths do not tell two identities apart, one of them with two files.
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

// Told keeps the files whose identities, as [IdentitiesOf] or [Folder.Identities] name them, are told; all where names is nil.
func Told(files, names []string) (told []string, untold []Skipped) {
	for i, file := range files {
		if names == nil || names[i] != "" {
			told = append(told, file)
		} else {
			untold = append(untold, Skipped{file, whyUntold})
		}
	}
	return told, untold
}

// load decodes the items' images. Files that cannot be read are left out, where f is not strict.
func (s *Set) load(ctx context.Context, f Folder) error {
	n := len(s.Items)
	failed, left, err := load(ctx, f, s.Items)
	switch {
	case err != nil:
		return err
	case len(left) == n && n > 0:
		return failed[0]
	case len(left) > 0:
		kept := s.Without(left...)
		s.Classes, s.Items = kept.Classes, kept.Items
	}
	s.Failed = append(s.Failed, failed...)
	return nil
}
