package siam_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/imgproc"
)

func Example() {
	ctx := context.Background()
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	verdict, err := model.Compare(ctx, readImage("testdata/a.png"), readImage("testdata/same-as-a.png"))
	fmt.Println(verdict, err)
	// Output: same <nil>
}

func ExampleModel_Distance() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	rows, err := model.Embed(context.Background(),
		readImage("testdata/a.png"), readImage("testdata/same-as-a.png"), readImage("testdata/other.png"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same character is nearer:", model.Distance(rows[0], rows[1]) < model.Distance(rows[0], rows[2]))
	// Output: the same character is nearer: true
}

// readImage reads an image file; any image.Image will do for a model.
func readImage(name string) image.Image {
	m, err := imgproc.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	return m.GoImage()
}
