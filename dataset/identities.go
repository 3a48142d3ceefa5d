package dataset

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// ReadIdentities reads images of people or things in parallel, laid out in one of two ways: a folder of images for each
// identity, or all images together, named IDENTITY_NUMBER.jpg as those of LFWcrop are, in f itself or in the only folder there
// that holds images. Classes are named by identity and have no group, and items have no drawer. An identity may have a single
// image.
func ReadIdentities(ctx context.Context, f Folder) (*Set, error) {
	f = f.unwrapped()
	s := &Set{Name: path.Base(f.Path)}
	folders, images, err := f.list(".")
	switch {
	case err != nil:
		return nil, err
	case len(images) > 0:
		err = s.addNamed(f, ".", images)
	default:
		err = s.addFolders(f, folders)
	}
	if err != nil {
		return nil, err
	}
	if n := len(s.Classes); n < 2 {
		return nil, fmt.Errorf("read %s: it holds images of %s: want at least two identities, each in a folder of its own or all named IDENTITY_NUMBER",
			f.Path, [...]string{"nobody", "one identity"}[n])
	}
	return s, load(ctx, f, s.Items)
}

// addFolders lists the images of one folder per identity, or of the only folder that holds any.
func (s *Set) addFolders(f Folder, identities []string) error {
	images := make([][]string, len(identities))
	var holding []int
	for i, identity := range identities {
		inner, found, err := f.list(identity)
		switch {
		case err != nil:
			return err
		case len(found) == 0 && len(inner) > 0:
			return fmt.Errorf("read %s: it holds folders where images should be: want IDENTITY/IMAGE; is it a folder of alphabets?",
				f.name(identity))
		case len(found) > 0:
			holding = append(holding, i)
		}
		images[i] = found
	}
	if len(holding) == 1 && severalNamed(images[holding[0]]) {
		return s.addNamed(f, identities[holding[0]], images[holding[0]])
	}
	for label, identity := range identities {
		if len(images[label]) == 0 {
			return fmt.Errorf("read %s: the identity has no images: fetch the data again, or remove the folder", f.name(identity))
		}
		s.Classes = append(s.Classes, Class{Name: identity})
		for _, image := range images[label] {
			s.Items = append(s.Items, Item{Label: label, Source: path.Join(identity, image)})
		}
	}
	return nil
}

// addNamed lists images whose names tell their identity.
func (s *Set) addNamed(f Folder, dir string, images []string) error {
	labels := map[string]int{}
	for _, image := range images {
		identity := identityOf(image)
		if identity == "" {
			return fmt.Errorf("read %s: its name does not tell whom it shows: want IDENTITY_NUMBER, or a folder for each identity",
				f.name(path.Join(dir, image)))
		}
		label, known := labels[identity]
		if !known {
			label = len(s.Classes)
			labels[identity] = label
			s.Classes = append(s.Classes, Class{Name: identity})
		}
		s.Items = append(s.Items, Item{Label: label, Source: path.Join(dir, image)})
	}
	return nil
}

// severalNamed says whether the names of images tell of more than one identity.
func severalNamed(images []string) bool {
	return slices.ContainsFunc(images, func(image string) bool { return identityOf(image) != identityOf(images[0]) })
}

// identityOf is the part of a file's name before its last underscore, "" when there is none: Ada_Lovelace_0001.jpg shows
// Ada_Lovelace.
func identityOf(file string) string {
	name := path.Base(file)
	return name[:max(strings.LastIndexByte(name, '_'), 0)]
}
