"""What is stored and sent, as protobuf. Made by `./dev proto` from the `.proto` files beside this; never edited."""
