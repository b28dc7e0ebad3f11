package main

import (
	_ "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cam/v20190116"
	_ "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	_ "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	_ "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tcr/v20190924"
)

func main() {}
