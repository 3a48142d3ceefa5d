package gallery

import "fmt"

// By is the gallery as somebody else asks it, for the audit log. Both share what is searched.
func (g *Gallery) By(who string) *Gallery {
	other := *g
	other.who = who
	return &other
}

// MainFace is the face that a photograph is of, with a note where there are others.
func (p Photograph) MainFace() (main Face, note string, err error) {
	for _, f := range p.Faces {
		if !f.Main {
			continue
		}
		if n := len(p.Faces); n > 1 {
			note = fmt.Sprintf("it shows %d faces; the main one was taken", n)
		}
		return f, note, nil
	}
	return main, "", fmt.Errorf("no face was found in %s: take a photograph that shows one", p.Name)
}
