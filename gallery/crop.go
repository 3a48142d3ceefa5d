package gallery

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"math"

	"github.com/siam-go/siam/imgproc"
)

// cropSide is the longest side of what is kept, in pixels.
const cropSide = 512

// Crop encodes what is to be kept of a photograph, to be embedded again by another model: the surroundings of a face's box, left, top,
// width and height in pixels of the photograph's full size, half its size more on every side; or the whole image where there is no box. It
// is a PNG, which loses nothing, and is shrunk to 512 pixels where it is larger. Landmarks of the face, in the same pixels, are
// kept in it, for [CropLandmarks]: so the face need not be found again, which would lay it a little differently.
func Crop(photo imgproc.Photo, box *[4]float32, landmarks [][2]float32) ([]byte, error) {
	kept := image.Rect(0, 0, photo.Image.W*photo.Shrink, photo.Image.H*photo.Shrink)
	if box != nil {
		x, y, w, h := box[0], box[1], box[2], box[3]
		kept = image.Rect(int(x-w/2), int(y-h/2), int(x+w*3/2), int(y+h*3/2)).Intersect(kept)
	}
	shrink := photo.Shrink
	for shrink > 1 && max(kept.Dx(), kept.Dy())/shrink < cropSide {
		shrink /= 2
	}
	part, err := photo.Part(shrink, kept)
	if err != nil {
		return nil, err
	}
	within := image.Rect(kept.Min.X/part.Shrink, kept.Min.Y/part.Shrink, (kept.Max.X+part.Shrink-1)/part.Shrink, (kept.Max.Y+part.Shrink-1)/part.Shrink)
	m := part.Image.Crop(within.Sub(part.Corner))
	if err := m.Check(); err != nil {
		return nil, err
	}
	full := m.W
	if most := max(m.H, m.W); most > cropSide {
		m = imgproc.Resize(m, max(m.H*cropSide/most, 1), max(m.W*cropSide/most, 1))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m.GoImage()); err != nil || len(landmarks) == 0 {
		return b.Bytes(), err
	}
	times := float32(m.W) / float32(full)
	inCrop := make([][2]float32, len(landmarks))
	for i, p := range landmarks {
		inCrop[i] = [2]float32{
			(p[0]/float32(part.Shrink) - float32(within.Min.X)) * times,
			(p[1]/float32(part.Shrink) - float32(within.Min.Y)) * times,
		}
	}
	return withLandmarks(b.Bytes(), inCrop), nil
}

// Landmarks stand in a chunk of their own in the PNG, which other programs skip: pairs of little-endian float32.
const (
	afterHeader   = 8 + 25 // where the first chunk after the header begins
	landmarkChunk = "siLM"
)

func withLandmarks(picture []byte, landmarks [][2]float32) []byte {
	chunk := []byte(landmarkChunk)
	for _, p := range landmarks {
		chunk = binary.LittleEndian.AppendUint32(chunk, math.Float32bits(p[0]))
		chunk = binary.LittleEndian.AppendUint32(chunk, math.Float32bits(p[1]))
	}
	b := binary.BigEndian.AppendUint32(bytes.Clone(picture[:afterHeader]), uint32(len(chunk)-len(landmarkChunk)))
	b = binary.BigEndian.AppendUint32(append(b, chunk...), crc32.ChecksumIEEE(chunk))
	return append(b, picture[afterHeader:]...)
}

// CropLandmarks are those of the face in a crop that was kept, in its pixels; nil where it has none, as those that were kept whole.
func CropLandmarks(crop []byte) [][2]float32 {
	if len(crop) < afterHeader+8 || string(crop[afterHeader+4:afterHeader+8]) != landmarkChunk {
		return nil
	}
	n := binary.BigEndian.Uint32(crop[afterHeader:])
	numbers := crop[afterHeader+8:]
	if int64(len(numbers)) < int64(n)+4 || n%8 != 0 {
		return nil
	}
	landmarks := make([][2]float32, n/8)
	for i := range landmarks {
		for j := range landmarks[i] {
			v := math.Float32frombits(binary.LittleEndian.Uint32(numbers[8*i+4*j:]))
			if v-v != 0 {
				return nil
			}
			landmarks[i][j] = v
		}
	}
	return landmarks
}
