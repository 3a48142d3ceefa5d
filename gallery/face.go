package gallery

import "fmt"

// Face is one face of a photograph, or a whole image, as a model sees it.
type Face struct {
	Box       *[4]float32 // left, top, width and height in pixels; nil for a whole image
	Score     float32     // of the detector, in [0, 1]
	Main      bool        // whom the photograph seems to be of
	Embedding []float32
	Landmarks [][2]float32 // in pixels; nil for a whole image
	Crop      []byte       // of the face with its surroundings, see [Crop], to be embedded again by another model; nil to keep none
	Refuse    string       // why it deserves no verdict, such as "too blurred"; empty when it does
	Weight    float32      // how much it counts among several of one person; 0 counts as 1
}

// Photograph is an image file and the faces that are in it.
type Photograph struct {
	Name  string // of the file, for people
	Hash  string // SHA-256 of the file, hexadecimal; empty for embeddings from elsewhere
	Faces []Face
}

// label names the i-th face of a photograph, from 0.
func (p Photograph) label(i int) string {
	if len(p.Faces) == 1 {
		return p.Name
	}
	return fmt.Sprintf("%s#%d", p.Name, i+1)
}
