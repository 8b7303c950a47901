/// The passwords that guessers try first, as far as they are long enough to be chosen: those that lead the published
/// lists of leaked ones, and what people make of a common word to please a rule (`Password2024!`). The latter are
/// some tens of thousands, so they are kept as the words and endings that they are made of.
enum KnownPasswords {
    /// - Parameter password: in lower case.
    static func contains(_ password: String) -> Bool {
        if whole.contains(password[...]) { return true }
        return password.indices.dropFirst().contains { index in
            let (start, end) = (password[..<index], password[index...])
            guard words.contains(start) else { return words.contains(end) && endings.contains(start) }
            return endings.contains(end) || start == end
        } || words.contains(password[...])
    }

    private static func set(_ text: String) -> Set<Substring> {
        Set(text.split(whereSeparator: \.isWhitespace))
    }

    /// Known as they stand.
    private static let whole = set(
        #"""
        !qaz2wsx3edc !qaz@wsx#edc 000000000000 010203040506 101010101010 102030405060 111111111111
        111122223333 111222333444 112233445566 11223344556677 1122334455667788 121212121212
        123123123123 123321123321 123412341234 1234512345123 123456123456 1234567890abc
        1234567891011 123456789101112 123456789123 123456789abc 123456789asd 123456789qaz
        123456789qwerty 1234567qwerty 123456qwerty 12345qwert12345 1234qwerasdf 1234qwerasdfzxcv
        123654789123 123abc456def 123qwe123qwe 123qweasdzxc 135792468013 147258369123 147258369147
        147852369123 159357258456 1a2b3c4d5e6f 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i
        1q2w3e4r5t6y7u8i9o0p 1qaz!qaz1qaz 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qaz@wsx3edc 1qazxsw23edc
        1qazzaq11qaz 222222222222 246810121416 271828182845 314159265358 3141592653589
        31415926535897 654321654321 741852963741 789456123000 789456123789 987654321123 987654321987
        999999999999 a1b2c3d4e5f6 a1b2c3d4e5f6g7 a1s2d3f4g5h6 a1s2d3f4g5h6j7 aa123456aa123
        abc123abc123 abcd12345678 abcd1234abcd abcd1234efgh abcdef123456 abcdefg12345 abcdefgh1234
        abcdefghi123 abcdefghij12 abdullah1234 account12345 accounting12 admin12345678 admin123admin
        admin@123456 adminadminadmin administrador administrateur administrator administrator1
        administrator123 adminpass1234 adminpassword alejandro123 alessandro12 alessandro123
        alexander123 alexander1234 alexandra123 alexandria12 angelangel12 arsenal12345 asdasdasdasd
        asdf12345678 asdf1234asdf asdfasdfasdf asdfgh123456 asdfghjkl123 asdfghjkl1234
        asdfghjklqwertyuiop asdfghzxcvbn asdfqwerzxcv ashley123456 assassinscreed australia123
        avalanche123 azerty123456 azerty12345678 azertyuiop123 babygirl1234 babygirl12345
        barcelona123 barcelona1234 baseball1234 baseball12345 basketball12 basketball123
        basketball1234 batmanbatman bayernmuenchen bayernmunchen beautiful123 beautiful1234
        beckham12345 benjamin1234 besiktas1903 bienvenido12 blackberry12 blackberry123 blessed12345
        blink182blink blueberry123 bonjour12345 borussia1909 borussiadortmund brasil123456
        bugsbunny123 business1234 butterfly123 butterfly1234 california12 california123 callofduty12
        callofduty123 changeit1234 changeme1234 changemenow1 changemeplease charlie12345
        cheerleader1 cheerleading cheeseburger cheesecake12 chelsea12345 chocolate123 chocolate1234
        chocolatechip christian123 christina123 christine123 christmas123 christmas2023 christopher1
        christopher12 christopher123 cinnamon1234 company12345 computer1234 computer12345
        connecticut1 constantinople contrasena12 contrasena123 contrasena1234 contraseña123
        contraseñacontraseña corazon12345 corinthians1 correcthorsebatterystaple counter-strike
        counterstrike counterstrike1 cristianoronaldo cutiepie1234 danielle1234 darkknight12
        database1234 december2023 deepforest12 default12345 default123456 deutschland1
        deutschland123 developer123 development1 dontforgetme donttouchme1 dortmund1909 doudou123456
        dragon123456 dragonball123 dragonballz1 dragondragon earthquake12 elizabeth123 elizabeth1234
        eminem123456 estrella1234 facebook1234 facebook12345 fcbarcelona1 february2024 fenerbahce123
        fenerbahce1907 fernando1234 finalfantasy finalfantasy7 finalfantasyx flamengo1234
        football1234 football12345 forgetmenot1 forzajuventus francesco123 fuckyou12345
        fuckyou123456 fuckyoufuckyou gabriela1234 gabriella123 galatasaray1 galatasaray1905
        garfield1234 geheim123456 gfhjkm123456 gfhjkmgfhjkm ghbdtn123456 gingerbread1 giovanni1234
        godblessyou1 godisgood123 godisgreat12 google123456 googlegoogle gorgeous1234 grandtheftauto
        greenday1234 gryffindor12 guardianangel guest12345678 guestguestguest hallelujah12
        hallo1234567 hallohallo12 halloween123 hamburgersv1 hannover1896 happybirthday happynewyear
        harrypotter1 harrypotter123 haslo1234567 hellokitty12 hellokitty123 helpdesk1234
        hermionegranger heslo1234567 hola12345678 holahola1234 hunter123456 hunter2hunter2
        hurricane123 ichliebedich ichliebedich1 idontknow123 idontknow1234 idontremember
        iforgotmypassword ihatepasswords ihateyou1234 ilovejesus123 iloveme12345 ilovemusic123
        ilovemydaddy ilovemyfamily ilovemymom123 ilovemymother ilovemyself1 iloveyou1234
        iloveyou12345 iloveyou123456 iloveyou2000 iloveyoubabe1 iloveyoubaby iloveyouforever
        iloveyouiloveyou iloveyousomuch instagram123 inter1908inter internazionale internet1234
        ironmaiden666 isabella1234 jacqueline12 jacqueline123 jelszo123456 jennifer1234 jessica12345
        jesus1234567 jesuschrist1 jesusislord1 jesuslovesme jetaime12345 jetaimejetaime jonathan1234
        juventus1234 killer123456 kingdomhearts kobebryant24 lebronjames23 ledzeppelin1 letmein12345
        letmein123456 letmeinletmein letmeinnow123 letmeinplease linkedin1234 linkinpark12
        linkinpark123 linuxlinux12 lionelmessi10 littleangel1 liverpool123 liverpool1234
        liverpoolfc1 lordoftherings lordvoldemort losangeles12 losenord1234 loulou123456
        lösenord1234 manager12345 manchester12 manchester123 manchesterunited manunited1234
        marina123456 mariposa1234 marketing123 marshmallow1 massachusetts master123456 masterkey123
        mastermaster masterpassword maximilian12 metallica123 michael12345 michaeljackson
        michaeljordan michaeljordan23 michelle1234 mickeymouse1 microsoft123 midnight1234
        minecraft123 minecraft1234 minhasenha12 mohammed1234 monday123456 monkey123456 monkeymonkey
        moonlight123 motdepasse12 motdepasse123 motdepasse1234 motherfucker motherfucker1
        motorola1234 muhammad1234 mybabygirl12 mychemicalromance myfacebook123 mypassword123
        mypassword1234 mypasswordis123 mysql1234567 narutonaruto narutouzumaki natasha12345
        needforspeed netherlands1 network12345 newpassword123 newyork12345 newyorkyankees
        nicholas1234 nintendo1234 nirvana12345 nopassword12 nopassword123 northcarolina november2023
        office123456 onepiece1234 oracle123456 p@ssw0rd1234 p@ssword1234 palmeiras123 parola123456
        parola1234567 parolaparola passw0rd1234 password1234 password12345 password123456
        password1234567 passwordispassword passwordissecret passwordpassword passwort1234
        passwort12345 passwort123456 passwortpasswort peanutbutter pennsylvania philadelphia
        pineapple123 pinkfloyd123 playstation1 playstation2 playstation3 playstation4 pokemon12345
        pokemonpokemon polska123456 postgres1234 postgrespostgres powerrangers princesa1234
        princess1234 princess12345 privet123456 privetprivet production12 q1w2e3r4t5y6
        q1w2e3r4t5y6u7i8 qazwsx123456 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qazwsxedcrfvtgbyhn
        quarterback1 qweasdzxc123 qweasdzxcrfv qweqweqweqwe qwerasdfzxcv qwerqwerqwer qwerty123456
        qwerty1234567 qwerty12345678 qwerty123456789 qwertyasdfgh qwertyasdfghzxcvbn qwertyqwerty
        qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyzxcvbn qwertz123456 qwertzuiop12
        rainbow12345 ranger123456 raspberry123 raspberrypi1 realmadrid12 realmadrid123 rollingstones
        ronaldo12345 root12345678 rootpassword rootrootroot salasana1234 samantha1234 samsung12345
        samsunggalaxy sanfrancisco saopaulo1234 sasukeuchiha schalke04schalke schatz123456
        schmetterling scoobydoo123 sebastian123 secret123456 secretpassword secretsecret
        security1234 securitycode senha1234567 senha12345678 september2023 september2024
        server123456 service12345 shadow123456 shadowshadow sifre1234567 skateboarding slipknot1234
        snowboarding snowflake123 soleil123456 sommer123456 sonnenblume1 sonnenschein sonnenschein1
        southcarolina spartak12345 spiderman123 spiderman1234 spongebob123 spongebob1234
        starlight123 startrek1234 starwars1234 starwars12345 steelers1234 stephanie123
        stephencurry30 strawberries strawberry12 strawberry123 summer123456 summer2023summer
        sunflower123 sunshine1234 sunshine12345 sunshine123456 superadmin123 superman1234
        supernatural supernatural1 supersecret1 supersecret123 superuser1234 support12345
        sweetheart12 sweetheart123 switzerland1 systemadmin123 teamo1234567 teamomucho12
        teddybear123 telegram1234 telegrambot12 temp12345678 temporary123 temppassword1 tequiero1234
        tequieromucho test12345678 test123456789 tester123456 testing12345 testpassword testtesttest
        thanksgiving thebeatles12 thisismypassword thunderbird1 thunderbolt1 thunderstorm
        tinkerbell12 tinkerbell123 toortoortoor topsecret123 topsecret1234 transformers1
        tupacshakur1 tweetybird12 twitter12345 ubuntu123456 unbelievable unbelievable1 valentina123
        veronica1234 victoria1234 vladimir1234 volleyball12 volleyball123 wachtwoord12 wachtwoord123
        washington12 washington123 watermelon12 watermelon123 weihnachten1 welcome12345
        welcome123456 welcome2rookery welcomehome1 welcomewelcome welkom123456 werderbremen
        whatsapp1234 whatthefuck1 whatthehell1 windows12345 winniethepooh worldofwarcraft
        xboxlive1234 yfnfif123456 yourpassword youtube12345 ytrewq123456 ytrewq654321 zaq!xsw@cde#
        zaq12wsxcde3 zaq1xsw2cde3 zenit1234567 zxcvbnm,./123 zxcvbnm12345 zxcvbnm123456
        zxcvbnm123456789 zxcvbnm987654 zxcvbnmasdfghjkl zxcvzxcvzxcv zxczxczxczxc
        """#)

    /// Common with an ending behind or before, twice, and by themselves.
    private static let words = set(
        #"""
        password passw0rd p@ssword p@ssw0rd pa55word pa55w0rd passwort motdepasse contrasena
        contraseña senha parola wachtwoord hasło haslo heslo jelszo sifre losenord salasana kennwort
        passphrase passcode pass admin administrator administrador root superuser superadmin
        sysadmin user username guest default test tester testing demo sample example temp temporary
        login logon signin secret topsecret supersecret secure security private master changeme
        changeit letmein welcome willkommen bienvenue bienvenido benvenuto welkom access account
        office company business manager service support server system network database computer
        laptop desktop internet website microsoft windows google facebook instagram youtube twitter
        linkedin telegram whatsapp samsung iphone android apple macintosh amazon netflix nintendo
        playstation xbox sony nokia motorola huawei oracle mysql postgres postgresql ubuntu linux
        debian raspberry cisco qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdf asdfgh
        asdfghjkl zxcv zxcvbn zxcvbnm qwer qweasd qweasdzxc qazwsx qazwsxedc 1qaz2wsx 1q2w3e4r
        1q2w3e4r5t q1w2e3r4 zaq12wsx abc abcd abcde abcdef abcdefg abcdefgh abc123 a1b2c3d4 123qwe
        qwe123 asd123 1234qwer 123abc aaa aaaaaa iloveyou iloveme ilovejesus iloveu ihateyou love
        lovely lover loveme lovelove mylove truelove babygirl baby babe honey sweetie sweetheart
        sweety darling princess prince queen king angel angels heaven devil beautiful gorgeous
        pretty sexy cutie cutiepie sunshine sunflower moonlight starlight rainbow butterfly flower
        flowers rose roses lily daisy jasmine orchid tulip strawberry blueberry cherry banana apples
        orange lemon peach mango pineapple watermelon chocolate cookie cookies candy sugar coffee
        cheese pizza burger pepper ginger cinnamon vanilla monkey dragon tiger lion eagle falcon
        hawk wolf bear panda koala dolphin shark turtle rabbit bunny kitty kitten cat dog doggy
        puppy horse pony mustang phoenix unicorn penguin elephant spider snake cobra viper scorpion
        crow raven rooster chicken football soccer baseball basketball volleyball hockey tennis golf
        cricket rugby swimming running cycling fishing hunting surfing skating dancing boxing karate
        fitness trainer coaching gymnastics liverpool arsenal chelsea manchester everton tottenham
        barcelona realmadrid juventus milan inter napoli bayern borussia dortmund schalke
        galatasaray fenerbahce besiktas benfica porto sporting ajax spartak zenit dynamo yankees
        redsox lakers celtics bulls warriors cowboys steelers packers patriots eagles giants rangers
        raiders broncos dolphins superman batman spiderman ironman wolverine hulk thor avengers
        captain joker starwars startrek jedi yoda skywalker vader matrix neo gandalf frodo hobbit
        legolas harrypotter hogwarts potter hermione pokemon pikachu charizard naruto sasuke goku
        vegeta dragonball onepiece luffy zelda mario sonic tetris minecraft fortnite roblox warcraft
        starcraft diablo halo counterstrike callofduty assassin legend warrior ninja samurai pirate
        knight wizard magic merlin metallica nirvana slipknot eminem beatles acdc ironmaiden
        greenday linkinpark blink182 korn tupac shakira rihanna beyonce madonna elvis michael
        jennifer jessica ashley amanda daniel david matthew andrew joshua james john robert william
        joseph thomas charles christopher anthony mark paul steven kevin brian george edward ronald
        timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott
        brandon benjamin samuel gregory frank alexander patrick raymond jack dennis jerry tyler
        aaron jose adam nathan henry zachary mary patricia linda elizabeth barbara susan sarah karen
        nancy lisa betty margaret sandra kimberly emily donna michelle carol melissa deborah
        stephanie rebecca laura sharon cynthia kathleen amy angela shirley anna brenda pamela emma
        nicole helen samantha katherine christine debra rachel carolyn janet catherine maria heather
        diane ruth julie olivia joyce virginia victoria kelly lauren christina joan evelyn judith
        megan andrea cheryl hannah jacqueline martha gloria teresa sara madison sophia isabella
        charlotte natalie danielle vanessa gabriel gabriela daniela valentina alejandro fernando
        carlos miguel alexandra natasha ekaterina svetlana tatiana vladimir sergey dmitry andrey
        nikolay ivan mohammed muhammad ahmed abdullah fatima stefan sebastian florian tobias andreas
        christian juergen wolfgang francesco giovanni alessandro giuseppe pierre nicolas camille
        julien mathieu summer winter spring autumn fall january february march april june july
        august september october november december monday tuesday wednesday thursday friday saturday
        sunday sommer herbst fruehling christmas halloween easter birthday newyear holiday vacation
        weekend hello hallo hola bonjour ciao salut privet goodbye thankyou please sorry nothing
        something anything whatever forever always never nobody everybody trustno1 trustme believe
        faith hope dream dreams freedom liberty justice peace happy happiness smile lucky blessed
        jesus jesuschrist christ godisgood god bible gospel mother father mommy daddy mother1 family
        brother sister friend friends bestfriend husband wife grandma grandpa children america
        american canada england london paris berlin hamburg munich muenchen germany deutschland
        france italy italia spain espana madrid portugal lisboa brasil brazil mexico argentina
        colombia chile turkey istanbul russia moscow ukraine poland polska warszawa sweden norway
        denmark finland netherlands holland amsterdam belgium switzerland schweiz austria wien
        vienna greece egypt india pakistan china japan tokyo korea vietnam thailand australia sydney
        newyork boston chicago dallas houston texas florida california vegas lasvegas hollywood
        washington philadelphia toronto killer hunter shadow ghost phantom demon satan lucifer
        vampire zombie dragonfly thunder lightning storm hurricane tornado fire flame ice frost
        winterfell silver golden gold diamond platinum crystal ruby emerald purple yellow green blue
        black white red pink brown mercedes porsche ferrari lamborghini bmw audi volkswagen toyota
        honda nissan subaru mitsubishi chevrolet camaro corvette harley yamaha kawasaki suzuki
        ducati fuckyou fuck fuckoff asshole bitch bullshit motherfucker bastard pussy rookery bot
        botfather telegrambot tenant owner customer client project developer engineer programmer
        student teacher doctor nurse police soldier marine army navy airforce
        """#)

    private static let endings = set(
        #"""
        1 2 3 7 11 12 13 21 22 23 69 77 88 99 007 111 123 321 333 420 456 555 666 777 786 789 888
        911 999 1111 1212 1234 1313 2222 4321 5555 6666 6969 7777 8888 9999 12345 54321 11111 00000
        55555 123123 111111 000000 112233 123321 123456 654321 666666 696969 1234567 7654321
        12345678 87654321 123456789 987654321 1234567890 0987654321 0123456789 01234 012345 0123456
        01 02 03 04 05 06 07 08 09 10 00 000 0000 007007 ! !! !!! ? . .. ... * ** *** # $ @ - _ + =
        1! 12! 123! 1234! 12345! 123456! 1234567! 12345678! 123456789! !1 !12 !123 !1234 !12345
        !123456 @1 @12 @123 @1234 @12345 @123456 #1 #12 #123 #1234 #12345 #123456 $1 $12 $123 $1234
        _1 _12 _123 _1234 _12345 -1 -12 -123 -1234 .1 .123 .1234 *123 *1234 123@ 1234@ 123# 1234#
        123$ 123* 1234* 123. 1234. 12345. 1@ 1# 1$ 12@ 1!! 123!! 1!2@3# 1@3 1q2w3e 1q2w3e4r 1qaz
        2wsx 1qaz2wsx qwe qwer qwerty qwert asd asdf asdfgh zxc zxcv zxcvbn qaz qazwsx abc abcd
        abcdef abc123 xyz a b x z s er ist forever 4ever 4u 4me me you us now please yes no one two
        three login pass password admin user test go home love baby girl boy man king lover 1950
        1951 1952 1953 1954 1955 1956 1957 1958 1959 1960 1961 1962 1963 1964 1965 1966 1967 1968
        1969 1970 1971 1972 1973 1974 1975 1976 1977 1978 1979 1980 1981 1982 1983 1984 1985 1986
        1987 1988 1989 1990 1991 1992 1993 1994 1995 1996 1997 1998 1999 2000 2001 2002 2003 2004
        2005 2006 2007 2008 2009 2010 2011 2012 2013 2014 2015 2016 2017 2018 2019 2020 2021 2022
        2023 2024 2025 2026 2027 2028 2029 2030 2000! 2001! 2002! 2003! 2004! 2005! 2006! 2007!
        2008! 2009! 2010! 2011! 2012! 2013! 2014! 2015! 2016! 2017! 2018! 2019! 2020! 2021! 2022!
        2023! 2024! 2025! 2026! 2027! 2028! 2029! 2030! @2000 @2001 @2002 @2003 @2004 @2005 @2006
        @2007 @2008 @2009 @2010 @2011 @2012 @2013 @2014 @2015 @2016 @2017 @2018 @2019 @2020 @2021
        @2022 @2023 @2024 @2025 @2026 @2027 @2028 @2029 @2030
        """#)
}
