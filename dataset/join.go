package dataset

import (
	"fmt"

	"github.com/siam-go/siam/imgproc"
)

// Join puts sets together under a new name, for example Omniglot's background alphabets and generated ones. Two classes of
// one name are an error.
func Join(name string, sets ...*Set) (*Set, error) {
	all := &Set{Name: name}
	from := map[string]string{}
	for _, s := range sets {
		first := len(all.Classes)
		for _, c := range s.Classes {
			if other, taken := from[c.Name]; taken {
				return nil, fmt.Errorf("join data sets: both %s and %s have a class %s", other, s.Name, c.Name)
			}
			from[c.Name] = s.Name
			all.Classes = append(all.Classes, c)
		}
		for _, it := range s.Items {
			it.Label += first
			all.Items = append(all.Items, it)
		}
	}
	return all, nil
}

// Turned adds to a set every class laid down in the given ways, as new classes of new groups: the alphabet Latin turned by
// 90 is the group "Latin+90". Pixels are shared. Turn by imgproc.Upright to keep the originals.
func Turned(s *Set, turns ...imgproc.Turn) *Set {
	all := &Set{Name: s.Name}
	for _, turn := range turns {
		first := len(all.Classes)
		for _, c := range s.Classes {
			all.Classes = append(all.Classes, turnedClass(c, turn))
		}
		for _, it := range s.Items {
			it.Label += first
			it.Turn = it.Turn.Then(turn)
			all.Items = append(all.Items, it)
		}
	}
	return all
}

func turnedClass(c Class, turn imgproc.Turn) Class {
	if turn == imgproc.Upright {
		return c
	}
	if c.Group != "" {
		c.Group += "+" + turn.String()
	}
	c.Name += "+" + turn.String()
	return c
}
