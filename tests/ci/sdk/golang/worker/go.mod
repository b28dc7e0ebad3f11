module roadstead.test/sdk/worker

go 1.24
