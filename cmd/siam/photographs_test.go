package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
)

// TestPhotographScripts runs testdata/photographs/*.txtar, which are like those of [TestScripts], with public networks and with
// photographs of people in the working folder, see makePhotographs. $MOBILEFACENET, $EMBED0095, $YUNET, $YOLOX and $MOBILENET
// are the networks.
func TestPhotographScripts(t *testing.T) {
	networks := map[string]string{
		"MOBILEFACENET": "face_embed_mobilefacenet/MobileFaceNet.onnx", "EMBED0095": "face_embed_0095/face_embed_0095.onnx",
		"YUNET": "face_detect_yunet/yunet_n_dynamic.onnx", "YOLOX": "person_detect_yolox_nano/yolox_nano.onnx",
		"MOBILENET": "mobilenet_v2_imagenet/mobilenet_v2_imagenet_i8w.onnx",
	}
	for variable, name := range networks {
		networks[variable] = realdata.Network(t, name)
	}
	pairs, page := photographPairs(t), readJSONPage(t)
	testscript.RunT(inTurn{t}, testscript.Params{
		Dir:                 "testdata/photographs",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			for variable, path := range networks {
				env.Setenv(variable, path)
			}
			return makePhotographs(env.WorkDir, pairs)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"siam": siamCommand, "code": codeCommand, "json": jsonCommand, "cut": cutCommand,
			"documented": page.documentedCommand,
		},
	})
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // some scripts were left out
	}
	for _, row := range page.unseen() {
		if elsewhere[row] == withFaces {
			t.Errorf("docs/json.md has %s, which no command prints in testdata/photographs", row)
		}
	}
}

// photographPairs is Labeled Faces in the Wild.
func photographPairs(t *testing.T) *dataset.PhotoPairs {
	t.Helper()
	folder, err := dataset.OpenFolder(realdata.Set(t, "lfw250"))
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

// makePhotographs writes a.jpg, same.jpg with the same person and other.jpg with somebody else, and unusual ones: the person of
// a.jpg in grey, in the colours of printers, stored on its side, enlarged, at the left border and half outside, twenty people, and
// nobody at all.
func makePhotographs(dir string, pairs *dataset.PhotoPairs) error {
	photo := func(i int) imgproc.Image {
		m, err := imgproc.ReadFS(pairs.Folder.FS, pairs.Files[i])
		if err != nil {
			panic(err)
		}
		return m
	}
	a := photo(pairs.Pairs[0].A)
	other := 0
	for _, pair := range pairs.Pairs {
		if !pair.Same {
			other = pair.B
			break
		}
	}
	const columns, rows, side = 5, 4, 200
	crowd := imgproc.New(rows*side, columns*side, 3)
	for i := range columns * rows {
		single := imgproc.Resize(photo(9*i), 250, 250).Crop(image.Rect(65, 60, 185, 180)) // without the people behind
		single = imgproc.Resize(single, side, side)
		for y := range side {
			copy(crowd.Row(i/columns*side + y)[i%columns*side*3:], single.Row(y))
		}
	}
	sideways := jpegOf(a.Turned(imgproc.TurnLeft))
	for name, data := range map[string][]byte{
		"a.jpg": jpegOf(a), "same.jpg": jpegOf(photo(pairs.Pairs[0].B)), "other.jpg": jpegOf(photo(other)),
		"grey.jpg": jpegOf(a.Grey()), "cmyk.jpg": printersJPEG(a), "sideways.jpg": withOrientation(sideways, 6),
		"large.jpg":  jpegOf(imgproc.Resize(a, 3000, 3000)),
		"border.jpg": jpegOf(a.Crop(image.Rect(80, 0, 250, 250))), "outside.jpg": jpegOf(a.Crop(image.Rect(115, 0, 250, 250))),
		"crowd.jpg": jpegOf(crowd), "nobody.jpg": jpegOf(imgproc.Filled(300, 200, 3, 128)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func jpegOf(m imgproc.Image) []byte {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m.GoImage(), &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// withOrientation says in a JPEG file how it is to be turned, as cameras do.
func withOrientation(file []byte, orientation byte) []byte {
	body := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00\x00\x00"
	marker := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append(append(bytes.Clone(file[:2]), marker...), body...), file[2:]...)
}

// printersJPEG is a JPEG of cyan, magenta, yellow and black, inverted as Adobe's programs store it: four grey pictures in a file,
// which are red, green, blue and white.
func printersJPEG(m imgproc.Image) []byte {
	var tables, scans []byte
	frame := []byte{0xff, 0xc0, 0, 20, 8, byte(m.H >> 8), byte(m.H), byte(m.W >> 8), byte(m.W), 4}
	for i := range 4 {
		channel := imgproc.Filled(m.H, m.W, 1, 255)
		for p := 0; i < 3 && p < len(channel.Pix); p++ {
			channel.Pix[p] = m.Pix[3*p+i]
		}
		file := jpegOf(channel)
		start := strings.Index(string(file), "\xff\xc0") // the frame
		huffman := strings.Index(string(file), "\xff\xc4")
		scan := strings.Index(string(file), "\xff\xda")
		if i == 0 {
			tables = append(bytes.Clone(file[2:start]), file[huffman:scan]...)
		}
		frame = append(frame, byte(i+1), 0x11, 0)
		file[scan+5] = byte(i + 1) // whose scan it is
		scans = append(scans, file[scan:len(file)-2]...)
	}
	adobe := append([]byte{0xff, 0xee, 0, 14}, "Adobe\x00\x64\x00\x00\x00\x00\x00"...)
	return bytes.Join([][]byte{{0xff, 0xd8}, adobe, tables, frame, scans, {0xff, 0xd9}}, nil)
}
