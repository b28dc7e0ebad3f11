module roadstead.test/sdk/walk

go 1.24
