package dataset

import (
	"fmt"
	"hash/fnv"
	"path"
	"slices"
)

// SplitByGroup takes the classes of the named groups out of a set: whole alphabets that training never sees.
func SplitByGroup(s *Set, taken ...string) (rest, out *Set, err error) {
	if err := among(s.Name, "group", taken, s.Groups()); err != nil {
		return nil, nil, err
	}
	rest, out = s.split(func(i int) bool { return slices.Contains(taken, s.Classes[s.Items[i].Label].Group) })
	return rest, out, nil
}

// SplitByIdentity takes the named classes out of a set.
func SplitByIdentity(s *Set, taken ...string) (rest, out *Set, err error) {
	names := make([]string, len(s.Classes))
	for i, c := range s.Classes {
		names[i] = c.Name
	}
	if err := among(s.Name, "class", taken, names); err != nil {
		return nil, nil, err
	}
	named := make(map[string]bool, len(taken))
	for _, name := range taken {
		named[name] = true
	}
	rest, out = s.split(func(i int) bool { return named[s.Classes[s.Items[i].Label].Name] })
	return rest, out, nil
}

// Without leaves items, by their indices, out of a set.
func (s *Set) Without(items ...int) *Set {
	left := make(map[int]bool, len(items))
	for _, i := range items {
		left[i] = true
	}
	rest, _ := s.split(func(i int) bool { return left[i] })
	return rest
}

// Match lists the classes whose names fit one of the patterns of [path.Match], in the order of the set: "s2[1-9]", "*[02468]".
// A pattern that fits none is an error.
func (s *Set) Match(patterns ...string) ([]string, error) {
	used := make([]bool, len(patterns))
	var names []string
	for _, c := range s.Classes {
		fits := false
		for i, pattern := range patterns {
			ok, err := path.Match(pattern, c.Name)
			if err != nil {
				return nil, fmt.Errorf("pattern %q of class names: %w", pattern, err)
			}
			fits, used[i] = fits || ok, used[i] || ok
		}
		if fits {
			names = append(names, c.Name)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, fmt.Errorf("data set %s has no class %s", s.Name, patterns[i])
	}
	return names, nil
}

// SplitEvery takes every n-th item of each class out: those whose number in the class, from 1, leaves fold in [0, n) when divided by n, so
// that each item is out in one of n folds. Items of one picture of several classes have no number; they are out together, in a fold that the
// name of its file decides, whichever pictures are left in the set. With n 0 both parts are all of the set.
func SplitEvery(s *Set, n, fold int) (rest, out *Set) {
	if n == 0 {
		return s, s
	}
	var taken, kept []int
	for _, items := range s.ByClass() {
		last := 0
		for _, i := range items {
			number := last + 1
			if it := s.Items[i]; len(it.shows) > 0 {
				number = numberOf(it.picture)
			} else {
				last = number
			}
			if number%n == fold {
				taken = append(taken, int(i))
			} else {
				kept = append(kept, int(i))
			}
		}
	}
	return s.Without(taken...), s.Without(kept...)
}

// numberOf is a number that the name of a file decides, wherever it lies.
func numberOf(source string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(path.Base(source))) // never fails
	return int(h.Sum32() >> 1)
}

// SplitByDrawer takes everything that the given people drew out of a set. Both parts then hold the same classes, as in the
// drawer split of Koch et al. 2015, section 4.1, so split by group as well before measuring.
func SplitByDrawer(s *Set, taken ...int) (rest, out *Set, err error) {
	if err := among(s.Name, "drawer", taken, s.Drawers()); err != nil {
		return nil, nil, err
	}
	rest, out = s.split(func(i int) bool { return slices.Contains(taken, s.Items[i].Drawer) })
	return rest, out, nil
}

// Pick draws n of the given things, in their order there, the same ones for the same seed.
func Pick[T any](from []T, n int, seed uint64) ([]T, error) {
	if n < 0 || n > len(from) {
		return nil, fmt.Errorf("pick %d of %d: there are not that many", n, len(from))
	}
	at := newRand(seed, forPick).Perm(len(from))[:n]
	slices.Sort(at)
	picked := make([]T, n)
	for i, j := range at {
		picked[i] = from[j]
	}
	return picked, nil
}

func among[T comparable](set, kind string, wanted, known []T) error {
	there := make(map[T]bool, len(known))
	for _, k := range known {
		there[k] = true
	}
	for _, w := range wanted {
		if !there[w] {
			return fmt.Errorf("split data set %s: it has no %s %v", set, kind, w)
		}
	}
	return nil
}

// split divides the items and numbers the classes of each part anew, leaving out those without items.
func (s *Set) split(taken func(i int) bool) (rest, out *Set) {
	rest, out = &Set{Name: s.Name}, &Set{Name: s.Name}
	label := map[*Set][]int{rest: filled(len(s.Classes), -1), out: filled(len(s.Classes), -1)}
	for i, it := range s.Items {
		part := rest
		if taken(i) {
			part = out
		}
		to := &label[part][it.Label]
		if *to < 0 {
			*to = len(part.Classes)
			part.Classes = append(part.Classes, s.Classes[it.Label])
		}
		it.Label = *to
		part.Items = append(part.Items, it)
	}
	return rest, out
}

func filled[T any](n int, v T) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = v
	}
	return s
}
